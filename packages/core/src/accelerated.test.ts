import { expect, test } from 'vitest'
import type { Accelerator, NativeCodes, Refusal, ResultBuffers } from './accelerator.ts'
import { Bitset } from './bitset.ts'
import { Codes } from './codes.ts'
import { OmenError } from './errors.ts'
import { FlatIndex } from './flat.ts'
import { allocateVectors, elementsPerVector, prepareVectors, type Shape, type Vectors } from './metric.ts'
import { none } from './none.ts'
import { CHUNK_ROWS, Slab } from './slab.ts'
import { testVectorIndex } from './testing/index.ts'
import { TopK } from './top-k.ts'
import { takeTurn } from './turn.ts'

/** What an accelerator does, in TypeScript: over the attached chunks alone, asynchronously, refusing instead of throwing. */
class PlainCodes implements NativeCodes {
  readonly #codec
  readonly #slab: Slab

  constructor(shape: Shape) {
    this.#codec = none().train(allocateVectors(shape, 1), shape)
    this.#slab = new Slab(this.#codec.bytesPerRow)
  }

  attach(chunk: Uint8Array): void {
    this.#slab.chunks.push(chunk)
  }

  async encode(vectors: Vectors, rows: Uint32Array): Promise<Refusal | undefined> {
    await takeTurn()
    return this.#each(vectors, (prepared, i) =>
      this.#codec.encode(prepared, this.#slab.row(rows[i] as number)),
    )
  }

  scoreSync(query: Vectors, rows: Uint32Array, distances: Float32Array): void {
    this.#each(query, (prepared) => {
      const scorer = this.#codec.scorer(this.#slab)
      scorer.bind(prepared)
      scorer.score(rows, rows.length, distances)
    })
  }

  async scan(
    queries: Vectors,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    _threads: number,
    out: ResultBuffers,
  ): Promise<Refusal | undefined> {
    await takeTurn()
    return this.scanSync(queries, k, rowCount, accept, out)
  }

  scanSync(
    queries: Vectors,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    out: ResultBuffers,
  ): Refusal | undefined {
    const allowed = accept && Bitset.fromWords(accept, accept.length * 32)
    const rows = Uint32Array.from({ length: rowCount }, (_, row) => row)
    const distances = new Float32Array(rowCount)
    return this.#each(queries, (prepared, i) => {
      const scorer = this.#codec.scorer(this.#slab)
      scorer.bind(prepared)
      scorer.score(rows, rowCount, distances)
      const top = new TopK(k)
      for (const row of rows) if (allowed?.has(row) ?? true) top.push(distances[row] as number, row)
      const found = top.take()
      out.rows.set(found.rows, i * k)
      out.distances.set(found.distances, i * k)
      out.counts[i] = found.rows.length
    })
  }

  #each(vectors: Vectors, use: (prepared: Vectors, i: number) => void): Refusal | undefined {
    const { shape } = this.#codec
    const elements = elementsPerVector(shape)
    const prepared = allocateVectors(shape, 1)
    for (let i = 0; i * elements < vectors.length; i++) {
      try {
        prepareVectors(vectors.subarray(i * elements, (i + 1) * elements), shape, prepared)
        use(prepared, i)
      } catch (error) {
        if (!(error instanceof OmenError)) throw error
        return { index: i, code: error.code as Refusal['code'] }
      }
    }
    return undefined
  }
}

const accelerator: Accelerator = {
  allocate: (sizeBytes) => new ArrayBuffer(sizeBytes),
  free: () => undefined,
  createCodes: (shape) => new PlainCodes(shape),
  createChecksum: () => {
    throw new Error('nothing is hashed here')
  },
  copy: async (source, target) => target.set(source),
  createTexts: () => {
    throw new Error('no texts')
  },
  createGraph: () => {
    throw new Error('no graph')
  },
  distance: () => Number.NaN,
  doctor: () => ({
    kernels: 'plain',
    available: ['plain'],
    threads: 2,
    pageSizeBytes: 4096,
    hugePages: 'never',
    compiler: 'none',
  }),
}

testVectorIndex('flat, accelerated', {
  create: (shape) => new FlatIndex({ ...shape, accelerator }),
  recall: 1,
  rows: 400,
})

test('codes with an accelerator hand over every chunk and name the refused vector', async () => {
  const shape: Shape = { dimension: 2, metric: 'l2' }
  const codes = new Codes(none().train(new Float32Array(2), shape), accelerator)
  codes.slab.ensure(CHUNK_ROWS + 1)
  await codes.encode(Float32Array.of(1, 2), Uint32Array.of(CHUNK_ROWS), { threads: 1 })
  expect([...new Float32Array(codes.slab.row(CHUNK_ROWS).slice().buffer)].slice(0, 2)).toEqual([1, 2])
  const bad = Float32Array.of(1, 2, Number.NaN, 4)
  await expect(codes.encode(bad, Uint32Array.of(0, 1), { threads: 1 }, 100)).rejects.toMatchObject({
    code: 'not_finite',
    message: expect.stringContaining('vector 101'),
  })
})

test('codes that do not describe themselves are left to TypeScript', () => {
  const shape: Shape = { dimension: 2, metric: 'l2' }
  const { native: _, ...codec } = none().train(new Float32Array(2), shape)
  expect(new Codes(codec, accelerator).native).toBeUndefined()
  expect(new Codes(none().train(new Float32Array(2), shape)).native).toBeUndefined()
})
