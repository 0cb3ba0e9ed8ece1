import {
  type Collection,
  type Database,
  integer,
  keyword,
  type PayloadField,
  type PayloadKind,
  type TraitsOf,
  text,
  type VectorField,
  vector,
} from '@omen/db'
import type { Dataset } from '../../data/dataset.ts'

/** Rows of one durable write. */
export const BATCH_ROWS = 1000
/** The settings of graphs, in databases and of the indexes they are compared with: the defaults. */
export const GRAPH: { readonly m: number; readonly beam: number } = { m: 16, beam: 200 }
const TOPICS = 50

type Payload<Kind extends PayloadKind, Value, Indexed extends boolean> = PayloadField<
  Kind,
  TraitsOf<Value, Value, Record<never, never>, Indexed>
>

type RowsSchema = {
  readonly title: Payload<'text', string, false>
  readonly topic: Payload<'keyword', string, true>
  readonly round: Payload<'integer', number, true>
  readonly embedding: VectorField<false>
}

/** The collection that a data set's vectors are written to, with payload: stored text, a topic, and who wrote it. */
export type Rows = Collection<RowsSchema>

/** Opens the collection, creating it where there is none. */
export function openRows(
  db: Database,
  { dimension, metric }: Pick<Dataset, 'dimension' | 'metric'>,
): Promise<Rows> {
  const embedding = vector(dimension, { metric, ...GRAPH })
  return db.collection('rows', { title: text(), topic: keyword(), round: integer(), embedding })
}

/** Writes rows from … to − 1, durably and in one call. Row i has vector i of the data set, `shift` places on. */
export async function writeRows(
  rows: Rows,
  { base, dimension, rows: count }: Dataset,
  from: number,
  to: number,
  { round = 0, shift = 0 }: { readonly round?: number; readonly shift?: number } = {},
): Promise<void> {
  await rows.upsert(
    Array.from({ length: to - from }, (_, i) => {
      const row = from + i
      const at = ((row + shift) % count) * dimension
      return {
        id: idOf(row),
        title: `What row ${row} is about, in a few words`,
        topic: `topic-${row % TOPICS}`,
        round,
        embedding: base.subarray(at, at + dimension),
      }
    }),
  )
}

const idOf = (row: number): string => `row-${row}`

/** The row that an id stands for. */
export function rowOf(id: string): number {
  return Number(id.slice(idOf(0).length - 1))
}
