import type { Filter, Schema } from '@omen/db'
import type { Streamed } from '../http/reply-stream.ts'
import { withHeartbeats } from '../http/with-heartbeats.ts'
import { checkFilterSize } from '../limits/filter-size.ts'
import { namesOf, SNAPSHOT_PARAMETER, type SnapshotQuery } from './reads.ts'
import { COLLECTION, ofCollection, type Route, route } from './route.ts'
import { array, BOOLEAN, FILTER, type Inputs, OUTPUT_ROW, object, STRING, VERSION } from './schemas.ts'
import type { Services } from './services.ts'

const CHANGE = object({ version: VERSION, deleted: array(STRING), written: array(OUTPUT_ROW) })

interface ScanBody {
  readonly where?: Filter<Schema>
  readonly select?: string[]
  readonly expiry?: boolean
  readonly limit?: number
}

/** Routes that answer with a stream of documents. */
export function streamRoutes({ collections, snapshots, config }: Services, inputs: Inputs): Route[] {
  const { limits } = config
  return [
    route<ScanBody | undefined, SnapshotQuery>({
      ...{ id: 'scan', method: 'POST', path: ofCollection('/scan'), tag: 'Reading', access: 'read' },
      ...{ load: 'stream', errors: [404], query: SNAPSHOT_PARAMETER },
      summary: 'Go through the rows, or those that match, as they are at one moment',
      body: {
        kind: 'document',
        optional: true,
        schema: object(
          {
            ...{ where: FILTER, select: inputs.select },
            expiry: { ...BOOLEAN, description: 'Whether rows that expire say when, as $expiresAt.' },
            limit: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
          },
          [],
        ),
      },
      reply: { kind: 'stream', schema: OUTPUT_ROW },
      handle: async ({ params, query, body, visit }): Promise<Streamed> => {
        const { where, select, expiry = false, limit = Infinity } = body ?? {}
        checkFilterSize(where, limits)
        const name = params[COLLECTION] as string
        const reader =
          query.snapshot === undefined ? await collections.reopen(name) : snapshots.find(name, query.snapshot)
        const { signal } = visit
        const rows = reader.scan({ signal, expiry, ...(where && { where }), ...(select && { select }) })
        return { items: firstOf(rows, limit), live: false }
      },
    }),
    route<undefined, { after?: number; select?: string }>({
      ...{ id: 'watch', method: 'GET', path: ofCollection('/watch'), tag: 'Reading', access: 'read' },
      ...{ load: 'stream', endless: true, errors: [404, 410] },
      summary: 'Follow the changes of a collection, for as long as the connection lasts',
      description:
        'An empty line, or a frame of length 0, comes now and then when nothing else does. Where the changes are not kept any ' +
        'more, the error is position_gone: then read all rows, and watch from there.',
      query: {
        after: { schema: VERSION, says: 'Changes behind this version; those from now on when left out.' },
        select: { schema: STRING, says: 'Names of fields, separated by commas.' },
      },
      reply: { kind: 'stream', schema: CHANGE },
      handle: async ({ params, query, visit }): Promise<Streamed> => {
        const { after, select } = query
        const fields = namesOf(select)
        const { signal } = visit
        const options = { signal, ...(after !== undefined && { after }), ...(fields && { select: fields }) }
        const collection = await collections.reopen(params[COLLECTION] as string)
        return { items: withHeartbeats(collection.watch(options), limits.heartbeatMs), live: true }
      },
    }),
  ]
}

/** So many items of a stream. */
async function* firstOf<T>(
  items: AsyncGenerator<T, void, undefined>,
  count: number,
): AsyncGenerator<T, void, undefined> {
  let left = count
  for await (const item of items) {
    yield item
    if (--left <= 0) return
  }
}
