import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadError, nativeFiles } from './index.ts'

const missing = loadError() ?? (process.platform === 'win32' ? 'not on Windows' : undefined)

let path: string
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'omen-files-')), 'file')
  await writeFile(path, 'twelve bytes')
})
afterAll(() => rm(join(path, '..'), { recursive: true }))

describe.skipIf(missing)(`files (skipped: ${missing ?? 'no'})`, () => {
  it('are mapped as far as asked, until unmapped, whatever becomes of the descriptor', async () => {
    const file = await open(path)
    const buffer = nativeFiles()?.map(file.fd, 6) ?? new ArrayBuffer(0)
    await file.close()
    expect(Buffer.from(buffer).toString()).toBe('twelve')
    nativeFiles()?.unmap(buffer)
    nativeFiles()?.unmap(buffer)
    expect(buffer.byteLength).toBe(0)
  })

  it('are not mapped beyond their end, where reading would end the process', async () => {
    const file = await open(path)
    expect(() => nativeFiles()?.map(file.fd, 13)).toThrow('shorter')
    expect(nativeFiles()?.map(file.fd, 12)?.byteLength).toBe(12)
    expect(nativeFiles()?.map(file.fd, 0)?.byteLength).toBe(0)
    await file.close()
    expect(() => nativeFiles()?.map(file.fd, 1)).toThrow()
  })

  it('are locked against every other descriptor, of this process too, until closed', async () => {
    const [one, two] = [await open(path), await open(path)]
    expect(nativeFiles()?.lock(one.fd)).toBe(true)
    expect(nativeFiles()?.lock(one.fd)).toBe(true)
    expect(nativeFiles()?.lock(two.fd)).toBe(false)
    await one.close()
    expect(nativeFiles()?.lock(two.fd)).toBe(true)
    await two.close()
  })
})
