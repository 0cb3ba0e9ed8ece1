import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SimulatedDisk, storageOn } from '../testing/index.ts'
import { bytesOf, databaseId, openLog, reopen, textsOf } from '../testing/log-files.ts'
import { followLog } from './follow.ts'
import { loadHash } from './hash.ts'
import { verifyLog } from './repair.ts'

/** A log that the first release wrote: read from the repository, never changed. */
async function golden(name: string): Promise<Map<string, Uint8Array>> {
  const folder = fileURLToPath(new URL(`../../golden/1/${name}/`, import.meta.url))
  const names = await readdir(folder)
  return new Map(
    await Promise.all(
      names.map(async (file) => [file, new Uint8Array(await readFile(folder + file))] as const),
    ),
  )
}

const TEXTS = ['first', 'a', 'bb', '', 'dddd', 'x'.repeat(300), 'buffered', 'last']

test.each([
  ['log-closed', 0],
  ['log-torn', 66],
])('%s, written by the first release, opens and goes on', async (name, tornBytes) => {
  const files = await golden(name)
  const storage = storageOn(new SimulatedDisk(files))
  expect(await verifyLog(storage, { databaseId })).toMatchObject({ records: 8, tornBytes, damage: [] })
  expect(await textsOf(await followLog(storage, { databaseId }))).toEqual(TEXTS)
  const { texts, disk } = await reopen(files)
  expect(texts).toEqual(TEXTS)
  const log = await openLog(storageOn(disk))
  expect(await log.append([bytesOf('next')])).toBe(9)
  expect(await textsOf(log)).toEqual([...TEXTS, 'next'])
})

test('a later version of the format is refused by name', async () => {
  const files = await golden('log-closed')
  const name = [...files.keys()].sort().at(-1) ?? ''
  const bytes = files.get(name) ?? new Uint8Array(0)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint32(8, 2, true)
  view.setBigUint64(64, (await loadHash()).of(bytes.subarray(0, 64)), true)
  await expect(reopen(files)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('version 2'),
  })
})
