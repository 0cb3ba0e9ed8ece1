import { type Bitset, distance, randomNumbers } from '@omen/core'
import { integer, keyword, vector } from '@omen/schema'
import { type CheckedSchema, checkSchema } from '@omen/schema/check'
import { type RowBlock, rowBlock } from '../rows/row-block.ts'

/** Rows of a segment as a test knows them: row i of the segment is row i here. */
export interface TestRow {
  readonly id: string
  readonly embedding: Float32Array
  /** Of another shape, and only some rows have it. */
  readonly image?: Float32Array
  readonly lang: string
  readonly year: number
  readonly $expiresAt?: number
}

export const SCHEMA: CheckedSchema = checkSchema({
  embedding: vector(24, { metric: 'cosine', quantizer: 'sq8', m: 12, beam: 100 }),
  image: vector(7, { metric: 'l2', quantizer: 'none', m: 12, beam: 100, optional: true }),
  lang: keyword(),
  year: integer(),
})

/** What users call their rows. */
export const ODD_IDS: readonly string[] = [
  ' ',
  '\u0000',
  '\u200b',
  '0',
  '-0',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
  '👩‍👩‍👧‍👦',
  'é',
  'e\u0301',
  '\ufeffbom',
  'a/b\\c"d',
  'x'.repeat(65_536),
  'Ω'.repeat(32_768),
  'a,b',
  ',',
]

/** Rows made by a seed: clusters of vectors, odd ids, every third without an image, every fifth with an expiry. */
export function testRows(count: number, seed: number): TestRow[] {
  const random = randomNumbers(seed)
  const centre = Array.from({ length: 24 * 20 }, () => random() * 8 - 4)
  return Array.from({ length: count }, (_, i) => {
    const cluster = Math.floor(random() * 20)
    return {
      id: ODD_IDS[i] ?? `row ${i}`,
      embedding: Float32Array.from(
        { length: 24 },
        (_, c) => (centre[cluster * 24 + c] ?? 0) + random() - 0.5,
      ),
      ...(i % 3 === 1
        ? {}
        : { image: Float32Array.from({ length: 7 }, () => Math.round(random() * 200) - 100) }),
      lang: ['en', 'de', 'fr', 'grc'][Math.floor(random() * 4)] ?? 'en',
      year: 1900 + Math.floor(random() * 130),
      ...(i % 5 === 2 ? { $expiresAt: 1_000_000 + i } : {}),
    }
  })
}

/** The block of some rows. */
export function blockOf(rows: readonly TestRow[]): RowBlock {
  return rowBlock(SCHEMA, rows, 0)
}

/** The rows nearest to a query, closest first, ties by row, of those accepted that have the vector. */
export function nearest(
  rows: readonly TestRow[],
  field: 'embedding' | 'image',
  query: Float32Array,
  accept?: Bitset,
): { readonly row: number; readonly distance: number }[] {
  const metric = field === 'embedding' ? 'cosine' : 'l2'
  return rows
    .flatMap((each, row) => {
      const own = each[field]
      if (!own || (accept && !accept.has(row))) return []
      return [{ row, distance: distance(query, own, metric) }]
    })
    .sort((a, b) => a.distance - b.distance || a.row - b.row)
}
