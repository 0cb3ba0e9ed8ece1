import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as immediately } from 'node:timers/promises'
import type { StorageBackend } from '@omen/core'
import { loadError } from '@omen/native'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStorage, followLog, openFileLog } from './index.ts'
import { bytesOf, databaseId } from './testing/log-files.ts'

let path: string
let storage: StorageBackend
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'omen-region-'))
  storage = await fileStorage(path)
})
afterAll(async () => {
  await storage.close()
  await rm(path, { recursive: true })
})

/** Memory is given back in a later turn of the event loop. */
async function mapsOf(name: string): Promise<number> {
  for (let i = 0; i < 20; i++) await immediately()
  return (await readFile('/proc/self/maps', 'utf8')).split('\n').filter((line) => line.includes(name)).length
}

describe.skipIf(loadError())('a mapped region (needs the addon)', () => {
  const whole = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7)

  test('shows the bytes of the file, and is empty after close, whoever kept a view', async () => {
    await storage.writeOnce('mapped', [whole])
    const region = await storage.read('mapped')
    const view = region.mapped
    const floats = new Float32Array(view?.buffer ?? new ArrayBuffer(0), 400, 10)
    expect(Buffer.compare(view ?? whole.subarray(1), whole)).toBe(0)
    expect(region.mapped).toBe(view)
    await region.close()
    expect(view?.length).toBe(0)
    expect(floats.length).toBe(0)
    expect(floats[0]).toBeUndefined()
    expect(region.mapped).toBeUndefined()
    expect(() => new Uint8Array(view?.buffer ?? new ArrayBuffer(0))).toThrow(TypeError)
  })

  test('outlives the name of its file', async () => {
    await storage.writeOnce('removed', [whole])
    const region = await storage.read('removed')
    const view = region.mapped
    await storage.remove('removed')
    expect(Buffer.compare(view ?? whole.subarray(1), whole)).toBe(0)
    await region.close()
  })

  test('of an empty file is empty', async () => {
    await storage.writeOnce('empty', [])
    const region = await storage.read('empty')
    expect(region.mapped).toHaveLength(0)
    await region.close()
  })

  test.skipIf(process.platform !== 'linux')(
    'is mapped once, when asked for, and not after (needs /proc)',
    async () => {
      await storage.writeOnce('counted', [whole])
      const region = await storage.read('counted')
      expect(await mapsOf('counted')).toBe(0)
      expect(region.mapped).toBe(region.mapped)
      expect(await mapsOf('counted')).toBe(1)
      await region.close()
      expect(await mapsOf('counted')).toBe(0)
    },
  )
})

test('plain reads map nothing', async () => {
  const plain = await fileStorage(path, { reads: 'plain' })
  await plain.writeOnce('plain', [bytesOf('text')])
  const region = await plain.read('plain')
  expect(region.mapped).toBeUndefined()
  await region.close()
})

test.skipIf(process.platform !== 'linux')(
  '1,000 times opened and closed leave nothing open (needs /proc)',
  { timeout: 300_000 },
  async () => {
    await storage.replace('sealed', new Uint8Array(10_000))
    const round = async (i: number): Promise<void> => {
      const opened = await fileStorage(path)
      const lock = await opened.lock('test')
      const log = await openFileLog(opened, { databaseId, reserveBytes: 0 })
      if (i % 50 === 0) await log.append([bytesOf(`round ${i}`)])
      const reader = await followLog(opened, { databaseId })
      const region = await opened.read('sealed')
      expect(region.mapped?.length ?? 10_000).toBe(10_000)
      await Promise.all([region.close(), reader.close(), log.close()])
      await lock.release()
      await opened.close()
    }
    const used = async (): Promise<{ descriptors: number; maps: number }> => ({
      maps: await mapsOf(path),
      descriptors: (await readdir('/proc/self/fd')).length,
    })
    await round(0)
    const before = await used()
    for (let i = 1; i <= 1000; i++) await round(i)
    const after = await used()
    expect(after.maps).toBe(0)
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 5)
  },
)
