import type { Bitset, IndexContents, JsonObject, Section } from '@omen/core'
import { type CheckedSchema, compareValues, type IndexValue } from '@omen/schema/check'
import { FieldColumn } from './field-column.ts'
import { GrowingBytes } from './growing.ts'
import { Pace } from './pace.ts'
import type { StoredPayloads } from './payload.ts'
import { PostingWriter } from './postings.ts'
import { sortInTurns } from './sort.ts'
import { parsePayload } from './store.ts'

export const INDEX_KIND = 'payload/1'
const STEPS = 1024

/**
 * Makes the index of the payload of a segment out of what is stored, with turns for the event loop. All of it is held in
 * memory, and while it is made about as much again.
 *
 * @param source borrowed until the promise settles, and unchanged meanwhile
 * @returns what a section file is made of: see docs/format.md
 * @throws OmenError `corrupt_index` for stored payload that is damaged, `aborted`
 */
export async function payloadIndexContents(
  schema: CheckedSchema,
  source: StoredPayloads,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<IndexContents> {
  const pace = new Pace(options.signal)
  const { rows } = source
  const ready = source.columns
  const usable = [...schema.payload].every(([name, { index }]) => ready?.get(name)?.indexed === index)
  const columns = ready && usable ? ready : await columnsOf(schema, source, pace)
  const sections: Section[] = []
  const fields: Record<string, JsonObject> = {}
  for (const [name, { kind, index }] of schema.payload) {
    const column = columns.get(name)
    if (!column) continue
    fields[name] = { kind, index, values: column.values.length }
    for (const [part, bytes] of await fieldParts(column, rows, kind === 'keyword', pace)) {
      sections.push({ name: `${name}.${part}`, sizeBytes: bytes.length, parts: () => [bytes] })
    }
  }
  return { metadata: { kind: INDEX_KIND, rows, fields }, sections }
}

async function columnsOf(
  schema: CheckedSchema,
  source: StoredPayloads,
  pace: Pace,
): Promise<ReadonlyMap<string, FieldColumn>> {
  const columns = new Map<string, FieldColumn>()
  for (const [name, { index }] of schema.payload) columns.set(name, new FieldColumn(name, index))
  for (let row = 0; row < source.rows; row++) {
    const payload: JsonObject = parsePayload(source.stored(row), row)
    for (const column of columns.values()) column.add(row, payload)
    if (row % 64 === 0 && pace.due) await pace.take()
  }
  return columns
}

/** The sections of one field: the sorted values, for each its set of rows, and last the set of rows that have the field. */
async function fieldParts(
  column: FieldColumn,
  rows: number,
  strings: boolean,
  pace: Pace,
): Promise<[string, Uint8Array][]> {
  const { values } = column
  const order = new Uint32Array(values.length)
  const numbers = new Float64Array(strings ? 0 : values.length)
  for (let code = 0; code < order.length; code++) {
    order[code] = code
    if (!strings) numbers[code] = Number(values[code])
  }
  const compare = strings
    ? (a: number, b: number) => compareValues(values[a]!, values[b]!)
    : (a: number, b: number) => numbers[a]! - numbers[b]!
  await sortInTurns(order, compare, pace)
  const { starts, sorted } = await groupRows(column, order, pace)
  const existing = rowsIn(column.existing)
  const writer = new PostingWriter(rows, order.length + 1, sorted.length + existing.length)
  for (let i = 0; i < order.length; i++) {
    writer.add(sorted, starts[i]!, starts[i + 1]!)
    if (i % 64 === 0 && pace.due) await pace.take()
  }
  writer.add(existing, 0, existing.length)
  return [
    ...(strings ? await textParts(values, order, pace) : numberParts(numbers, order)),
    ['table', bytesOf(writer.table)],
    ['postings', bytesOf(writer.words)],
  ]
}

/** The rows of each value, ascending, the values in their order: those of value i are at `starts[i]` … `starts[i + 1] − 1`. */
async function groupRows(
  column: FieldColumn,
  order: Uint32Array,
  pace: Pace,
): Promise<{ starts: Uint32Array; sorted: Uint32Array }> {
  const { rows, rowCodes } = column
  const rank = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) rank[order[i]!] = i
  const starts = new Uint32Array(order.length + 1)
  for (let i = 0; i < rowCodes.length; i++) {
    starts[rank[rowCodes[i]!]! + 1]!++
    if (i % STEPS === 0 && pace.due) await pace.take()
  }
  for (let i = 0; i < order.length; i++) starts[i + 1]! += starts[i]!
  const next = starts.slice()
  const sorted = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    sorted[next[rank[rowCodes[i]!]!]!++] = rows[i]!
    if (i % STEPS === 0 && pace.due) await pace.take()
  }
  return { starts, sorted }
}

/** The rows of a set, as a list. */
function rowsIn(set: Bitset): Uint32Array {
  const rows = new Uint32Array(set.count())
  let count = 0
  for (let row = 0; row < set.length; row++) if (set.has(row)) rows[count++] = row
  return rows
}

function numberParts(numbers: Float64Array, order: Uint32Array): [string, Uint8Array][] {
  const sorted = new Float64Array(order.length)
  for (let i = 0; i < order.length; i++) sorted[i] = numbers[order[i]!]!
  return [['values', bytesOf(sorted)]]
}

/** The strings one after another, and where each ends. */
async function textParts(
  values: readonly IndexValue[],
  order: Uint32Array,
  pace: Pace,
): Promise<[string, Uint8Array][]> {
  const bytes = new GrowingBytes()
  const ends = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    bytes.pushText(String(values[order[i]!]))
    ends[i] = bytes.length
    if (i % 64 === 0 && pace.due) await pace.take()
  }
  return [
    ['values', bytes.values],
    ['ends', bytesOf(ends)],
  ]
}

function bytesOf(array: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
