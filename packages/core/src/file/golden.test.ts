import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFlat, saveFlat } from './index.ts'

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../golden/1/${name}.omen`, import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-golden-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  [
    'flat-cosine',
    Float32Array.of(1, -2, 3, 0, 5),
    [5, 11, 17, 6, 12],
    [0.608094, 0.627491, 0.647337, 0.710132, 0.725467],
  ],
  ['flat-hamming', Uint8Array.of(1, 2, 3, 4, 5), [19, 0, 10, 3, 11], [10, 16, 16, 17, 17]],
  ['flat-empty', Float32Array.of(1, 2, 3), [], []],
] as const)(
  '%s, written by the first release, opens and answers as then',
  async (name, query, rows, distances) => {
    const index = await openFlat(golden(name))
    const result = await index.search(query, { k: 5 })
    expect([...result.rows]).toEqual(rows)
    for (const [i, distance] of distances.entries()) expect(result.distances[i]).toBeCloseTo(distance, 5)
  },
)

test.each(['flat-cosine', 'flat-hamming', 'flat-empty'])('%s is written again to the byte', async (name) => {
  const path = join(folder, name)
  await saveFlat(await openFlat(golden(name)), path)
  expect(Buffer.compare(await readFile(path), await readFile(golden(name)))).toBe(0)
})
