import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Accelerator,
  CHUNK_ROWS,
  type JsonObject,
  type Metric,
  type Region,
  type Section,
} from '@omen/core'
import { openSectionRegion, type SectionFile, sectionFileParts } from '@omen/core/file'
import { clusters, randomNumbers } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import { binary, lvq8, sq4, sq8 } from '@omen/quant'
import { describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import { digests } from './testing/sections.ts'

const ENGINES: readonly (readonly [string, Accelerator | null])[] = [
  ['typescript', null],
  ...(accelerator() ? [['native', accelerator() as Accelerator] as const] : []),
]
const quantizers = [sq8(), sq4(), lvq8(), binary()]

/** A region of mapped bytes, `shift` bytes off any alignment but that of words. */
function regionOf(bytes: Uint8Array, shift = 0): Region {
  const mapped = new Uint8Array(new ArrayBuffer(bytes.length + shift), shift)
  mapped.set(bytes)
  return {
    sizeBytes: bytes.length,
    mapped,
    readInto: async (target, offset) => target.set(mapped.subarray(offset, offset + target.length)),
    close: async () => undefined,
  }
}

async function bytesOf(metadata: JsonObject, sections: readonly Section[]): Promise<Uint8Array> {
  return Buffer.concat([...(await sectionFileParts(metadata, sections)).parts])
}

/** The bytes of a file that an index is saved as. */
async function saved(index: Hnsw): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'omen-read-only-'))
  try {
    await index.save(join(folder, 'index'))
    return await readFile(join(folder, 'index'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function opened(file: SectionFile, by: Accelerator | null): Promise<Hnsw> {
  return Hnsw.open(file, { quantizers, accelerator: by, readOnly: true })
}

async function smallIndex(rows: number, seed = 1): Promise<Hnsw> {
  const data = clusters('l2', rows, 6, seed)
  const index = Hnsw.create({ ...data.shape, m: 4, beam: 20, quantizer: sq8() })
  await index.add(data.vectors, { threads: 1 })
  await index.add(data.vectors.subarray(0, 12), { threads: 1 })
  await index.remove([1, 2])
  return index
}

describe.each(ENGINES)('an index opened read-only, by %s,', (name, by) => {
  test.each<[Metric, string]>([
    ['l2', 'none'],
    ['cosine', 'sq8'],
    ['l2', 'sq4'],
    ['dot', 'lvq8'],
    ['l2', 'binary'],
  ])('answers like the one that was saved, in place: %s, %s', async (metric, codes) => {
    const data = clusters(metric, 900, 17, 3)
    const quantizer = quantizers.find((each) => each.name.startsWith(codes))
    const index = Hnsw.create({ ...data.shape, m: 4, beam: 30, ...(quantizer ? { quantizer } : {}) })
    await index.add(data.vectors, { threads: 1 })
    await index.remove([5, 6, 7])
    const expected = await index.searchMany(data.queries, { k: 10 })
    const bytes = await saved(index)
    for (const shift of [0, 4]) {
      const file = await openSectionRegion(regionOf(bytes, shift), 'here')
      const copy = await opened(file, by)
      expect(copy.engine).toBe(name)
      const found = await copy.searchMany(data.queries, { k: 10 })
      expect(found.rows).toEqual(expected.rows)
      expect(digests(copy.sections())).toEqual(digests(index.sections()))
      // In place: the sections to be saved lie in the memory of the file.
      const { mapped, total, head, links } = copy.stats().bytes
      expect([total, head, links]).toEqual([index.stats().bytes.total, 64, undefined])
      const own = Object.entries(copy.stats().bytes).filter(([part]) => part !== 'mapped' && part !== 'total')
      expect(mapped).toBe(total - own.reduce((sum, [, bytes]) => sum + bytes, 0))
      const memory = file.sections.get('links')?.mapped?.buffer
      expect(
        copy.sections().filter(({ parts }) => [...parts()][0]?.buffer === memory).length,
      ).toBeGreaterThan(5)
    }
  })

  test('holds more rows than a chunk, the last of which is not full', async () => {
    const rows = CHUNK_ROWS + 100
    const random = randomNumbers(5)
    const vectors = Float32Array.from({ length: rows * 2 }, () => random())
    const index = await Hnsw.build({ dimension: 2, metric: 'l2', vectors, m: 4, beam: 8, threads: 1 })
    const copy = await opened(await openSectionRegion(regionOf(await saved(index)), 'here'), by)
    for (const row of [0, CHUNK_ROWS - 1, CHUNK_ROWS, rows - 1]) {
      const query = vectors.subarray(row * 2, row * 2 + 2)
      expect(copy.searchSync(query, { k: 1 }).distances[0]).toBe(0)
      expect([...copy.vector(row)]).toEqual([...query])
    }
    expect(() => copy.vector(rows)).toThrow(expect.objectContaining({ code: 'unknown_row' }))
  })

  test('refuses to be changed, and is saved as it is', async () => {
    const index = await smallIndex(100)
    const copy = await opened(await openSectionRegion(regionOf(await saved(index)), 'here'), by)
    const refused = expect.objectContaining({ code: 'read_only' })
    await expect(copy.add(new Float32Array(6))).rejects.toEqual(refused)
    await expect(copy.remove([0])).rejects.toEqual(refused)
    await expect(copy.compact()).rejects.toEqual(refused)
    expect(await saved(copy)).toEqual(await saved(index))
  })

  test('says that it is closed once the memory under it is gone', async () => {
    const region = regionOf(await saved(await smallIndex(100)))
    const copy = await opened(await openSectionRegion(region, 'here'), by)
    const query = new Float32Array(6)
    expect(copy.searchSync(query, { k: 1 }).rows).toHaveLength(1)
    structuredClone(region.mapped?.buffer, { transfer: [region.mapped?.buffer as ArrayBuffer] })
    const closed = expect.objectContaining({ code: 'closed' })
    expect(() => copy.searchSync(query, { k: 1 })).toThrow(closed)
    await expect(copy.search(query, { k: 1 })).rejects.toEqual(closed)
    await expect(copy.searchMany(query, { k: 1 })).rejects.toEqual(closed)
    expect(() => copy.vector(0)).toThrow(closed)
    expect(() => copy.has(0)).toThrow(closed)
    await copy.close()
  })

  test('waits when closed for the searches that run', async () => {
    const index = await smallIndex(300)
    const copy = await opened(await openSectionRegion(regionOf(await saved(index)), 'here'), by)
    let ended = false
    const random = randomNumbers(3)
    const queries = Float32Array.from({ length: 6 * 200 }, () => random())
    const search = copy.searchMany(queries, { k: 10 }).catch(() => undefined)
    void search.then(() => {
      ended = true
    })
    await copy.close()
    expect(ended).toBe(true)
  })

  test('is refused when a bit of it is not what was written, wherever that is', async () => {
    const good = await saved(await smallIndex(12))
    // Every byte and bit of sections is told in the tests of section files; this is about every part of an index.
    for (let at = 0; at < good.length; at += 5) {
      const bad = Uint8Array.from(good)
      bad[at] = (bad[at] as number) ^ (1 << (at % 8))
      const open = async (): Promise<Hnsw> => opened(await openSectionRegion(regionOf(bad), 'bad'), by)
      await expect(open(), `byte ${at}`).rejects.toEqual(expect.objectContaining({ code: 'corrupt_index' }))
    }
  })
})

describe.skipIf(!accelerator())(`native (${loadError() ?? 'the addon is there'})`, () => {
  test('finds wrong in a graph what TypeScript finds wrong', async () => {
    const index = await smallIndex(200)
    const stats = index.stats()
    const metadata = {
      kind: 'hnsw/1',
      dimension: 6,
      metric: 'l2',
      m: stats.m,
      beam: stats.beam,
      quantizer: 'sq8/1',
      keep: 'none/1',
      trained: true,
      rows: 202,
    }
    const sections = index.sections()
    const random = randomNumbers(9)
    const below = (limit: number): number => Math.floor(random() * limit)
    const outcomes = new Map<string, number>()
    for (let round = 0; round < 400; round++) {
      const names = ['head', 'links', 'state', 'anchors', 'upperAt', 'upper', 'twins']
      const name = names[below(names.length)]
      const forged = sections.map((section) => {
        const bytes = Buffer.concat([...section.parts()])
        if (section.name === name) {
          bytes[below(bytes.length)] = below(256)
        }
        return { ...section, parts: () => [bytes] }
      })
      const bytes = await bytesOf(metadata, forged)
      const outcome = async (by: Accelerator | null): Promise<string> => {
        try {
          await opened(await openSectionRegion(regionOf(bytes), 'forged'), by)
          return 'opens'
        } catch (error) {
          return (error as { message: string }).message
        }
      }
      const [native, reference] = [await outcome(accelerator() as Accelerator), await outcome(null)]
      expect(native, `round ${round}`).toBe(reference)
      const kind = reference === 'opens' ? 'opens' : 'refused'
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
    }
    // Some changes change nothing, and most are refused.
    expect(outcomes.get('opens')).toBeGreaterThan(0)
    expect(outcomes.get('refused')).toBeGreaterThan(200)
  })
})
