import { Codes, type FloatShape, given, NO_ROW, Slab } from '@omen/core'
import { describe, expect, it } from 'vitest'
import { accelerator, loadError } from './accelerator.ts'

const ROWS = 40

/** Components on a coarse grid, so that the order of rows does not hang on rounding; none is a zero vector. */
function component(row: number, i: number): number {
  return ((row * 31 + i * 17 + ((row * i) % 13)) % 64) - 30.5
}

describe.skipIf(loadError())(`vectors as they were given (skipped: ${loadError() ?? 'no'})`, () => {
  it.each(['l2', 'dot', 'cosine'] as const)(
    'have the same distances in both languages by %s',
    async (metric) => {
      const native = accelerator()
      for (let dimension = 1; dimension <= 130; dimension++) {
        const shape: FloatShape = { dimension, metric }
        const codec = given(shape)
        const slab = new Slab(codec.bytesPerRow, { accelerator: native })
        slab.ensure(ROWS)
        const vectors = Array.from({ length: ROWS }, (_, row) =>
          Float32Array.from({ length: dimension }, (_, i) => component(row, i)),
        )
        for (const [row, vector] of vectors.entries()) codec.encode(vector, slab.row(row))
        const codes = new Codes(codec, native, slab)
        const query = vectors[3]?.map((x, i) => x + (i % 3)) ?? new Float32Array()

        const rows = Uint32Array.from({ length: ROWS }, (_, row) => row)
        const [expected, actual] = [new Float32Array(ROWS), new Float32Array(ROWS)]
        const scorer = codes.scorer()
        scorer.bind(query)
        scorer.score(rows, ROWS, expected)
        codes.native?.scoreSync(query, rows, actual)
        const size = metric === 'cosine' ? 1 : dimension * 32 * 32
        for (const row of rows) {
          const difference = Math.abs((actual[row] as number) - (expected[row] as number))
          expect(difference, `dimension ${dimension}, row ${row}`).toBeLessThanOrEqual(size * 1e-6)
        }

        const out = {
          rows: new Uint32Array(5).fill(NO_ROW),
          distances: new Float32Array(5),
          counts: new Uint32Array(1),
        }
        await codes.native?.scan(query, 5, ROWS, undefined, 1, out)
        const best = Math.min(...expected)
        expect(
          Math.abs((out.distances[0] as number) - Math.max(metric === 'dot' ? -Infinity : 0, best)),
        ).toBeLessThan(size * 1e-6)
      }
    },
  )
})
