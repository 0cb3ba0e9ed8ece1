import type { CollectionInfo } from '@omen/client'
import { OmenError, type Schema, vectorFieldNames } from '@omen/client'
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import {
  getRows,
  type Row,
  type Search,
  type SearchReply,
  scanRows,
  search,
  type Where,
} from '../../api/rows.ts'
import { asOmenError } from '../../api/session.ts'
import { type Condition, type Join, whereOf } from './filter-model.ts'

/** What a search goes by. */
export type Mode = 'row' | 'vector' | 'text'

/** Rows that are looked at for examples of values. */
const SAMPLE_ROWS = 2000
const KNOWN_VALUES = 60

/** What stands in the playground: what is asked, and the last answer. */
export interface Playground {
  readonly collection: CollectionInfo
  readonly vectorFields: readonly string[]
  readonly field: Signal<string>
  readonly mode: Signal<Mode>
  readonly rowId: Signal<string>
  readonly vectorText: Signal<string>
  readonly text: Signal<string>
  readonly conditions: Signal<readonly Condition[]>
  readonly join: Signal<Join>
  readonly limit: Signal<string>
  readonly beam: Signal<string>
  readonly exact: Signal<boolean>
  readonly where: ReadonlySignal<Where | undefined>
  /** Values by keyword field, and ids, that a look at some rows has found. */
  readonly known: Signal<Readonly<Record<string, readonly string[]>>>
  readonly busy: Signal<boolean>
  readonly error: Signal<OmenError | undefined>
  readonly answer: Signal<Answer | undefined>
}

export interface Answer {
  readonly asked: Search
  readonly reply: SearchReply
  /** Milliseconds from the request to the end of the reply, as the page saw it. */
  readonly roundTripMs: number
}

export function createPlayground(collection: CollectionInfo, startRow: string | undefined): Playground {
  const { schema } = collection
  const vectorFields = vectorFieldNames(schema)
  const conditions = signal<readonly Condition[]>([])
  const join = signal<Join>('all')
  return {
    collection,
    vectorFields,
    field: signal(vectorFields[0] ?? ''),
    mode: signal<Mode>('row'),
    rowId: signal(startRow ?? ''),
    vectorText: signal(''),
    text: signal(''),
    conditions,
    join,
    limit: signal('10'),
    beam: signal(''),
    exact: signal(false),
    where: computed(() => whereOf(schema, conditions.value, join.value)),
    known: signal({}),
    busy: signal(false),
    error: signal(undefined),
    answer: signal(undefined),
  }
}

/** Looks at some rows, for values to choose from and a row to begin with. */
export async function lookAround(playground: Playground, stop: AbortSignal): Promise<void> {
  const { collection, known, rowId } = playground
  const keywords = Object.keys(collection.schema).filter(
    (name) => collection.schema[name]?.kind === 'keyword',
  )
  const values: Record<string, Set<string>> = { id: new Set() }
  let seen = 0
  for await (const row of scanRows(collection.name, keywords, stop)) {
    seen++
    if (seen > SAMPLE_ROWS) break
    values.id?.add(row.id)
    for (const field of keywords) {
      const found = row[field]
      values[field] ??= new Set()
      for (const value of Array.isArray(found) ? found : [found]) {
        if (typeof value === 'string') values[field]?.add(value)
      }
    }
  }
  known.value = Object.fromEntries(
    Object.entries(values).map(([field, set]) => [field, [...set].slice(0, KNOWN_VALUES).sort()]),
  )
  const [first] = values.id ?? []
  if (rowId.value === '' && first !== undefined) rowId.value = first
}

/** Searches as the playground stands. */
export async function runSearch(playground: Playground): Promise<void> {
  const { collection, busy, error, answer } = playground
  busy.value = true
  error.value = undefined
  try {
    const asked = await queryOf(playground)
    const began = performance.now()
    const reply = await search(collection.name, asked)
    answer.value = { asked, reply, roundTripMs: performance.now() - began }
  } catch (reason) {
    error.value = asOmenError(reason)
  } finally {
    busy.value = false
  }
}

/** Searches by a row that was found. */
export function searchFrom(playground: Playground, { id }: Row): void {
  batch(() => {
    playground.mode.value = 'row'
    playground.rowId.value = id
  })
  runSearch(playground)
}

async function queryOf(playground: Playground): Promise<Search> {
  const { field, where, limit, beam, exact } = playground
  return {
    field: field.value,
    by: await subjectOf(playground),
    where: where.value,
    limit: Number(limit.value) || 10,
    beam: beam.value === '' ? undefined : Number(beam.value),
    exact: exact.value || undefined,
  }
}

async function subjectOf({
  collection,
  mode,
  field,
  rowId,
  vectorText,
  text,
}: Playground): Promise<Search['by']> {
  if (mode.value === 'text') return { text: text.value }
  if (mode.value === 'vector')
    return { vector: parseVector(vectorText.value, collection.schema, field.value) }
  const [row] = await getRows(collection.name, [rowId.value], [field.value])
  if (!row) throw new OmenError('not_found', `There is no row ${rowId.value} in ${collection.name}.`)
  const vector = row[field.value]
  if (!(vector instanceof Float32Array))
    throw new OmenError('not_found', `The row ${rowId.value} has no ${field.value}.`)
  return { vector }
}

/**
 * Reads a vector that was pasted: numbers between brackets, commas, spaces or line breaks.
 *
 * @throws OmenError `invalid_argument`, `dimension_mismatch`
 */
export function parseVector(text: string, schema: Schema, field: string): Float32Array {
  const words = text.split(/[\s,;[\]()]+/).filter((word) => word !== '')
  const vector = Float32Array.from(words, Number)
  const wrong = vector.findIndex((value) => !Number.isFinite(value))
  if (wrong >= 0) throw new OmenError('invalid_argument', `${words[wrong]} is not a number.`)
  const declared = schema[field]
  const dimension = declared?.kind === 'vector' ? declared.dimension : vector.length
  if (vector.length === dimension) return vector
  throw new OmenError(
    'dimension_mismatch',
    `${field} has ${dimension} components; ${vector.length} were pasted.`,
  )
}
