import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Accelerator, Bitset } from '@omen/core'
import { accelerator } from '@omen/native'
import { sq8 } from '@omen/quant'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import type { HnswOptions } from './options.ts'
import { loadSift } from './testing/datasets.ts'
import { brokenPromises, graphOf } from './testing/invariants.ts'
import { digests } from './testing/sections.ts'

const ENGINES: readonly (readonly [string, Accelerator | null])[] = [
  ['TypeScript', null],
  ...(accelerator() ? [['C++', accelerator() as Accelerator] as const] : []),
]
const DIMENSION = 128
const shape = { dimension: DIMENSION, metric: 'l2' } as const

let folder: string
let train: Float32Array
let queries: Float32Array

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-twins-'))
  ;({ train, queries } = await loadSift())
})

afterAll(() => rm(folder, { recursive: true }))

const rowsUpTo = (rows: number): Float32Array => train.subarray(0, rows * DIMENSION)

const rowOf = (row: number): Float32Array => train.subarray(row * DIMENSION, (row + 1) * DIMENSION)

/** The first rows, each of the first `some` of them `copies` times more, in turns, between the others. */
function withCopies(rows: number, some: number, copies: number): { vectors: Float32Array; copyOf: number[] } {
  const copyOf = Array.from({ length: some * copies }, (_, i) => i % some)
  const order = [...Array.from({ length: rows }, (_, i) => i), ...copyOf]
  const vectors = new Float32Array(order.length * DIMENSION)
  for (const [i, row] of order.entries()) vectors.set(rowOf(row), i * DIMENSION)
  return { vectors, copyOf: order }
}

/** Rows that hold a copy of a row. */
const copiesOf = (copyOf: readonly number[], row: number): number[] =>
  copyOf.flatMap((each, i) => (each === row ? [i] : []))

describe.each(ENGINES)('twins by %s', (_, by) => {
  const build = (vectors: Float32Array, options: Partial<HnswOptions> = {}): Promise<Hnsw> =>
    Hnsw.build({ ...shape, vectors, beam: 60, accelerator: by, threads: 1, ...options })

  const search = (index: Hnsw, row: number, k: number): number[] => [
    ...index.searchSync(rowOf(row), { k }).rows,
  ]

  test('are found together, in the order of rows, and the other rows as if there were none', async () => {
    const [rows, some, copies] = by ? [5000, 50, 300] : [1500, 20, 60]
    const { vectors, copyOf } = withCopies(rows, some, copies)
    const plain = await build(train.subarray(0, rows * DIMENSION), { beam: 200 })
    const index = await build(vectors, { beam: 200 })
    expect(index.stats().chained).toBe(some * copies + plain.stats().chained)
    const asked = queries.subarray(0, 500 * DIMENSION)
    const [before, after] = [plain, index].map((each) => each.measureRecall(asked, { k: 10, beam: 64 }))
    const lost = (await before)!.recall - (await after)!.recall
    expect(Math.abs(lost)).toBeLessThanOrEqual(0.005)
    for (let row = 0; row < some; row++) {
      const all = copiesOf(copyOf, row)
      expect(search(index, row, all.length)).toEqual(all)
      expect(search(index, row, 7)).toEqual(all.slice(0, 7))
      const { distances } = index.searchSync(rowOf(row), { k: all.length + 1 })
      expect([distances[all.length - 1], distances[all.length]! > 0]).toEqual([0, true])
    }
    expect(await brokenPromises(graphOf(index))).toEqual([])
    expect(await index.inspect()).toMatchObject({ unreachable: 0, chained: index.stats().chained })
  })

  test('are saved with their chains, and without any an index is saved as before there were some', async () => {
    const { vectors, copyOf } = withCopies(300, 4, 30)
    const index = await build(vectors)
    await index.remove([1, ...copiesOf(copyOf, 2).slice(3, 9)])
    const path = join(folder, by ? 'native' : 'typescript')
    await index.save(path)
    const again = await Hnsw.open(path, { accelerator: by })
    expect(digests(again.sections())).toEqual(digests(index.sections()))
    expect(again.stats()).toEqual(index.stats())
    for (const each of [again, index]) {
      for (let row = 0; row < 4; row++) {
        const left = copiesOf(copyOf, row).filter((copy) => index.has(copy))
        expect(search(each, row, left.length)).toEqual(left)
      }
      await each.compact()
    }
    expect(digests(again.sections())).toEqual(digests(index.sections()))
    const names = async (rows: number): Promise<string[]> =>
      (await build(rowsUpTo(rows))).sections().map(({ name }) => name)
    expect(await names(1)).not.toContain('twins')
    expect(index.sections().map(({ name }) => name)).toEqual([...(await names(20)), 'twins'])
    const plain = join(folder, 'plain')
    await (await build(rowsUpTo(20))).save(plain)
    const opened = await Hnsw.open(plain, { accelerator: by })
    expect([...(await opened.add(rowOf(7).slice()))]).toEqual([20])
    expect([search(opened, 7, 2), opened.stats().chained]).toEqual([[7, 20], 1])
  })

  test('of codes that differ where it is kept finer are none', async () => {
    // Steps of the codes are larger than what is added.
    const vectors = Float32Array.from([...rowOf(0), ...rowOf(0), ...rowOf(0), ...rowOf(1)])
    vectors[DIMENSION] = (vectors[DIMENSION] as number) + 1e-3
    const options = { quantizer: sq8(), training: train.subarray(0, 100 * DIMENSION) }
    expect((await build(vectors, options)).stats().chained).toBe(1)
    expect((await build(vectors, { ...options, keep: 'codes' })).stats().chained).toBe(2)
  })

  test('are filtered, bounded and removed one by one', async () => {
    const { vectors, copyOf } = withCopies(400, 3, 20)
    const index = await build(vectors)
    const all = copiesOf(copyOf, 1)
    const accept = Bitset.fromRows(all.filter((_row, i) => i % 4 === 3))
    const options = { k: 30, accept }
    // Few rows are accepted, then most: by a scan, and by a walk.
    expect([...index.searchSync(rowOf(1), options).rows]).toEqual([...accept])
    for (let row = 3; row < 400; row++) accept.set(row)
    expect([...index.searchSync(rowOf(1), { ...options, radius: 0 }).rows]).toEqual(
      [...accept].filter((row) => row >= 400),
    )
    expect([...index.searchSync(rowOf(1), { k: 30, radius: 0 }).rows]).toEqual(all)
    await index.remove(all.slice(5, 10))
    expect(search(index, 1, 16)).toEqual([...all.slice(0, 5), ...all.slice(10)])
    expect(await index.compact()).toBe(5)
    expect(search(index, 1, 16)).toEqual([...all.slice(0, 5), ...all.slice(10)])
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })

  test('outlive the row that they hang on', async () => {
    const { vectors, copyOf } = withCopies(400, 3, 20)
    const index = await build(vectors)
    const all = copiesOf(copyOf, 2)
    const others = search(index, 300, 10)
    const before = index.stats().chained
    await index.remove([2])
    expect(search(index, 2, 20)).toEqual(all.slice(1))
    expect(index.stats().chained).toBe(before)
    await index.compact()
    expect(search(index, 2, 20)).toEqual(all.slice(1))
    expect(search(index, 300, 10)).toEqual(others)
    expect(index.stats().chained).toBe(before - 1)
    expect(await brokenPromises(graphOf(index))).toEqual([])
    // The number is given out again, and its new row is no twin of theirs.
    expect([...(await index.add(rowOf(900).slice()))]).toEqual([2])
    expect(search(index, 900, 1)).toEqual([2])
    expect(search(index, 2, 20)).toEqual(all.slice(1))
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })

  test('find each other when one is added while the first is removed and not yet taken out', async () => {
    const { vectors } = withCopies(300, 1, 10)
    const index = await build(vectors)
    await index.remove([0])
    const [late] = await index.add(rowOf(0).slice())
    const expected = [...Array.from({ length: 10 }, (_, i) => 300 + i), late as number]
    expect(search(index, 0, 11)).toEqual(expected)
    await index.compact()
    expect(search(index, 0, 11)).toEqual(expected)
    expect(index.stats().chained).toBe(10)
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })

  test('may be all that there is', async () => {
    const same = new Float32Array(500 * DIMENSION).fill(3)
    const index = await build(same)
    expect(index.stats().chained).toBe(499)
    const query = same.subarray(0, DIMENSION)
    const { rows } = await index.search(query, { k: 500 })
    expect([...rows]).toEqual(Array.from({ length: 500 }, (_, i) => i))
    await index.remove(Array.from({ length: 499 }, (_, i) => i))
    expect([...(await index.search(query, { k: 500 })).rows]).toEqual([499])
    await index.compact()
    expect([...(await index.search(query, { k: 500 })).rows]).toEqual([499])
    expect(await brokenPromises(graphOf(index))).toEqual([])
    await index.remove([499])
    await index.compact()
    expect((await index.search(query, { k: 500 })).rows).toHaveLength(0)
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })

  test('inserted by several threads at once are all found', async () => {
    const { vectors, copyOf } = withCopies(1000, 5, 200)
    const index = await build(vectors, { threads: 4 } as Partial<HnswOptions>)
    for (let row = 0; row < 5; row++) expect(search(index, row, 201)).toEqual(copiesOf(copyOf, row))
    expect(index.stats().chained).toBeGreaterThan(900)
    expect(await brokenPromises(graphOf(index))).toEqual([])
  })
})
