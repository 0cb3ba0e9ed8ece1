import { Codes, given, OmenError } from '@omen/core'
import type { SectionFile } from '@omen/core/file'
import { accelerator as native } from '@omen/native'
import { sq8 } from '@omen/quant'
import { describe, expect, test } from 'vitest'
import { Hnsw } from './hnsw.ts'
import { imageOf } from './testing/sections.ts'

const DIMENSION = 8
const ROWS = 600
const SHAPE = { dimension: DIMENSION, metric: 'l2' } as const

/** Rows of which ten at a time have the same codes: they lie closer together than sq8 can tell apart here. */
const VECTORS = Float32Array.from({ length: ROWS * DIMENSION }, (_, i) => {
  const [row, component] = [Math.floor(i / DIMENSION), i % DIMENSION]
  const cluster = Math.floor(row / 10)
  return ((cluster * 7 + component * 13) % 50) * 2 + (component === row % DIMENSION ? (row % 10) * 1e-3 : 0)
})

const rowOf = (row: number): Float32Array => VECTORS.subarray(row * DIMENSION, (row + 1) * DIMENSION)

describe.each([
  ['natively', native()],
  ['in TypeScript', undefined],
] as const)('rescoring by codes of the caller, %s', (_, accelerator) => {
  const codesOf = (rows: number): Codes => {
    const codes = new Codes(given(SHAPE), accelerator)
    codes.slab.ensure(rows)
    for (let row = 0; row < rows; row++) {
      const vector = rowOf(row)
      codes.slab.row(row).set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
    }
    return codes
  }
  const options = { ...SHAPE, quantizer: sq8(), keep: 'codes', accelerator: accelerator ?? null } as const
  const build = (): Promise<Hnsw> => Hnsw.build({ ...options, vectors: VECTORS, rescoreBy: codesOf(ROWS) })

  const findsEach = async (index: Hnsw): Promise<void> => {
    for (let row = 0; row < ROWS; row += 37) {
      const alone = index.searchSync(rowOf(row), { k: 1 })
      expect([alone.rows[0], alone.distances[0]]).toEqual([row, 0])
      const { rows, distances } = await index.search(rowOf(row), { k: 10 })
      expect(rows[0]).toBe(row)
      expect(new Set(rows).size).toBe(10)
      expect([...distances]).toEqual([...distances].sort((a, b) => a - b))
    }
  }

  test('tells rows of equal codes apart', async () => {
    const index = await build()
    expect(index.stats().chained).toBeGreaterThan(0)
    await findsEach(index)
    await index.close()
  })

  test('is not saved, and given again when it is opened', async () => {
    const index = await build()
    let image: SectionFile | undefined
    await index.save(async ({ metadata, sections }) => {
      image = await imageOf(metadata, sections)
    })
    expect([...(image?.sections.keys() ?? [])]).not.toContain('exact')
    const open = { quantizers: [sq8()], accelerator: accelerator ?? null }
    const again = await Hnsw.open(image as SectionFile, { ...open, rescoreBy: codesOf(ROWS) })
    await findsEach(again)
    const none = new Codes(given(SHAPE), accelerator)
    await expect(Hnsw.open(image as SectionFile, { ...open, rescoreBy: none })).rejects.toMatchObject({
      code: 'corrupt_index',
    })
    await again.close()
    await index.close()
  })

  test('must be of the same shape', () => {
    const other = new Codes(given({ ...SHAPE, dimension: 4 }), accelerator)
    expect(() => Hnsw.create({ ...options, rescoreBy: other })).toThrow(OmenError)
  })
})
