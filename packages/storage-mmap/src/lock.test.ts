import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadError } from '@omen/native'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { networkFileSystem } from './file-storage.ts'
import { fileStorage } from './index.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'omen-lock-'))
})
afterAll(() => rm(root, { recursive: true }))

const folder = (): Promise<string> => mkdtemp(join(root, 'case-'))

/** A process of its own that lives until it is killed. */
async function sleeper(): Promise<{ pid: number; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => 0, 1e6)'])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return {
    pid: child.pid ?? 0,
    kill: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}

describe('the lock of a folder', () => {
  test('is held against another writer in the same process, and says who and which process', async () => {
    const path = await folder()
    const [one, two] = [await fileStorage(path), await fileStorage(path)]
    const lock = await one.lock('the importer')
    await expect(two.lock('the server')).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(new RegExp(`the importer \\(process ${process.pid}\\)`)),
    })
    await lock.release()
    await (await two.lock('the server')).release()
    expect(await one.list()).toEqual([])
  })

  test('that a process holds by its text is respected while it lives, and taken when it has died', async () => {
    const path = await folder()
    const storage = await fileStorage(path)
    const { pid, kill } = await sleeper()
    const text = { holder: 'another program', pid, began: '', by: 'file' }
    await writeFile(join(path, '.lock'), JSON.stringify(text))
    await expect(storage.lock('me')).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining(`another program (process ${pid})`),
    })
    await kill()
    await (await storage.lock('me')).release()
  })

  test.skipIf(process.platform !== 'linux')(
    'of a process whose number another has now is taken (needs /proc)',
    async () => {
      const path = await folder()
      const text = { holder: 'long gone', pid: process.pid, began: '1', by: 'file' }
      await writeFile(join(path, '.lock'), JSON.stringify(text))
      await (await (await fileStorage(path)).lock('me')).release()
    },
  )

  test('is free when its file says nothing that makes sense', async () => {
    const path = await folder()
    await writeFile(join(path, '.lock'), '{"holder": 7')
    await (await (await fileStorage(path)).lock('me')).release()
  })

  test.skipIf(loadError())('of the system does not depend on the text (needs the addon)', async () => {
    const path = await folder()
    const lock = await (await fileStorage(path)).lock('me')
    const text = JSON.parse(await readFile(join(path, '.lock'), 'utf8')) as { by: string }
    expect(text.by).toBe('system')
    await writeFile(join(path, '.lock'), '')
    await expect((await fileStorage(path)).lock('other')).rejects.toMatchObject({ code: 'locked' })
    await lock.release()
  })

  test('clears away what a crash left unfinished', async () => {
    const path = await folder()
    await writeFile(join(path, '.s1.rows.0123.tmp'), 'half')
    const storage = await fileStorage(path)
    await (await storage.lock('me')).release()
    await expect(readFile(join(path, '.s1.rows.0123.tmp'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a folder', () => {
  test('opened for reading only changes nothing', async () => {
    const path = await folder()
    await writeFile(join(path, 'file'), 'text')
    const storage = await fileStorage(path, { readOnly: true })
    const bytes = new Uint8Array(1)
    for (const call of [
      () => storage.writeOnce('a', [bytes]),
      () => storage.replace('file', bytes),
      () => storage.append('file', 0, bytes, 'synced'),
      () => storage.remove('file'),
      () => storage.lock('me'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'read_only' })
    }
    expect(await storage.list()).toEqual([{ name: 'file', sizeBytes: 4 }])
    await expect(fileStorage(join(path, 'none'), { readOnly: true })).rejects.toMatchObject({
      code: 'not_found',
    })
    await expect(fileStorage(join(path, 'file'))).rejects.toMatchObject({ code: 'io' })
  })

  test('on a network file system is known by its number', () => {
    expect(networkFileSystem(0x6969)).toBe('NFS')
    // Where the number has its highest bit set, Node may give it as negative.
    expect(networkFileSystem(0xff534d42 | 0)).toBe('CIFS')
    expect(networkFileSystem(0xef53)).toBeUndefined()
  })
})
