import { type Filter, type MeasureRecallOptions, OmenError, type Schema } from '@omen/db'
import { checkFilterSize } from '../limits/filter-size.ts'
import { type Call, COLLECTION, ofCollection, type Parameter, type Route, route } from './route.ts'
import {
  array,
  BOOLEAN,
  COUNT,
  FILTER,
  ID,
  type Inputs,
  NUMBER,
  OUTPUT_ROW,
  object,
  STRING,
  VERSION,
} from './schemas.ts'
import { type AnyReader, reading, type Services } from './services.ts'

/** Which snapshot to read. */
export interface SnapshotQuery {
  readonly snapshot?: string
}

/** The parameter of everything that can read a snapshot. */
export const SNAPSHOT_PARAMETER: Readonly<Record<'snapshot', Parameter>> = {
  snapshot: {
    schema: { type: 'string', maxLength: 64 },
    says: 'Reads the rows as they were in this snapshot.',
  },
}

/** Names in a query string, separated by commas. */
export function namesOf(text: string | undefined): string[] | undefined {
  return text?.split(',').filter((name) => name !== '')
}

/** Routes that read rows of a collection. */
export function readRoutes(services: Services, inputs: Inputs): Route[] {
  const { limits } = services.config
  const { timeoutMs } = inputs
  const read = <T>(call: Call<unknown, SnapshotQuery>, work: (reader: AnyReader) => Promise<T>): Promise<T> =>
    reading(services, call.params[COLLECTION] as string, call.query.snapshot, work)
  const common = {
    tag: 'Reading',
    access: 'read',
    load: 'work',
    errors: [404],
    query: SNAPSHOT_PARAMETER,
  } as const
  return [
    route<{ ids: string[]; select?: string[] }, SnapshotQuery>({
      ...common,
      ...{ id: 'getRows', method: 'POST', path: ofCollection('/get') },
      summary: 'The rows of several ids, with null for those that are not there',
      body: {
        kind: 'document',
        schema: object({ ids: inputs.ids, select: inputs.select, timeoutMs }, ['ids']),
      },
      reply: { kind: 'document', schema: object({ rows: array({ anyOf: [OUTPUT_ROW, { type: 'null' }] }) }) },
      handle: async (call) => {
        const { ids, select } = call.body
        const rows = await read(call, (reader) => reader.get(ids, select ? { select } : {}))
        return { rows: rows.map((row) => row ?? null) }
      },
    }),
    route<undefined, SnapshotQuery & { select?: string }>({
      ...common,
      ...{ id: 'getRow', method: 'GET', path: ofCollection('/rows/{id}') },
      summary: 'The row of an id',
      params: { id: { schema: ID, says: 'The id of a row.' } },
      query: {
        ...SNAPSHOT_PARAMETER,
        select: { schema: STRING, says: 'Names of fields, separated by commas.' },
      },
      reply: { kind: 'document', schema: OUTPUT_ROW },
      handle: async (call) => {
        const select = namesOf(call.query.select)
        const id = call.params.id as string
        const row = await read(call, (reader) => reader.get(id, select ? { select } : {}))
        if (row) return row
        throw new OmenError('not_found', 'there is no row of this id')
      },
    }),
    route<{ id: string }, SnapshotQuery>({
      ...common,
      ...{ id: 'hasRow', method: 'POST', path: ofCollection('/has') },
      summary: 'Whether there is a row of an id',
      body: { kind: 'document', schema: object({ id: ID }) },
      reply: { kind: 'document', schema: object({ has: BOOLEAN }) },
      handle: async (call) => ({ has: await read(call, (reader) => reader.has(call.body.id)) }),
    }),
    route<{ id: string }, SnapshotQuery>({
      ...common,
      ...{ id: 'rowVersion', method: 'POST', path: ofCollection('/version') },
      summary: 'The version of a row, 0 when it is not there',
      body: { kind: 'document', schema: object({ id: ID }) },
      reply: { kind: 'document', schema: object({ version: VERSION }) },
      handle: async (call) => ({ version: await read(call, (reader) => reader.version(call.body.id)) }),
    }),
    route<{ where?: Filter<Schema> } | undefined, SnapshotQuery>({
      ...common,
      ...{ id: 'countRows', method: 'POST', path: ofCollection('/count') },
      summary: 'How many rows there are, or match',
      body: { kind: 'document', schema: object({ where: FILTER, timeoutMs }, []), optional: true },
      reply: { kind: 'document', schema: object({ count: COUNT }) },
      handle: async (call) => {
        const { where } = call.body ?? {}
        checkFilterSize(where, limits)
        return { count: await read(call, (reader) => reader.count(where)) }
      },
    }),
    route<(MeasureRecallOptions<Schema> & { timeoutMs?: number }) | undefined, SnapshotQuery>({
      ...common,
      ...{ id: 'measureRecall', method: 'POST', path: ofCollection('/measure-recall') },
      summary: 'Compare searches with the exact answer',
      body: {
        kind: 'document',
        optional: true,
        schema: object(
          {
            field: STRING,
            k: { type: 'integer', minimum: 1, maximum: limits.hits },
            samples: { type: 'integer', minimum: 1, maximum: limits.samples },
            ...{ beam: inputs.beam, where: FILTER, timeoutMs },
          },
          [],
        ),
      },
      reply: {
        kind: 'document',
        schema: object({ recall: { ...NUMBER, minimum: 0, maximum: 1 }, samples: COUNT }),
      },
      handle: (call) => {
        const { timeoutMs: _, ...options } = call.body ?? {}
        checkFilterSize(options.where, limits)
        const { signal } = call.visit
        return read(call, (reader) => reader.measureRecall({ ...options, signal }))
      },
    }),
  ]
}
