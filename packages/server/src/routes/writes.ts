import type { Deletion, InputRow, Replacement, RowChange, Schema, WriteOptions, WriteResult } from '@omen/db'
import { checkFilterSize } from '../limits/filter-size.ts'
import { type Call, COLLECTION, type JsonSchema, ofCollection, type Route, route } from './route.ts'
import { FILTER, type Inputs, object, WRITE_RESULT } from './schemas.ts'
import type { Services } from './services.ts'

type Options = Pick<WriteOptions, 'durability' | 'ifVersion' | 'timeoutMs'>
type Write<Body> = Route<Body & Options>

/** Routes that change the rows of a collection, each as one change: all of it or nothing. */
export function writeRoutes(services: Services, inputs: Inputs): Route[] {
  const { durability, ifVersion, timeoutMs } = inputs
  const body = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema =>
    object({ ...properties, durability, ifVersion, timeoutMs }, required)
  const write = <Body>(
    definition: Pick<Write<Body>, 'id' | 'path' | 'summary' | 'handle'> & { schema: JsonSchema },
  ): Route => {
    const { schema, ...rest } = definition
    return route<Body & Options, Readonly<Record<string, unknown>>>({
      ...rest,
      ...{ method: 'POST', tag: 'Writing', access: 'write', load: 'work', idempotent: true },
      body: { kind: 'document', schema },
      reply: { kind: 'document', schema: WRITE_RESULT },
      errors: [404, 409],
      effect: (reply) => ({ ...(reply as WriteResult) }),
    })
  }
  const { collections, config } = services
  const nameOf = ({ params }: Call<unknown>): string => params[COLLECTION] as string
  return [
    write<{ rows: InputRow<Schema>[] }>({
      id: 'upsert',
      path: ofCollection('/upsert'),
      summary: 'Write rows, in place of those with the same ids',
      schema: body({ rows: inputs.rows }, ['rows']),
      handle: (call) =>
        collections.use(nameOf(call), (collection) => collection.upsert(call.body.rows, optionsOf(call))),
    }),
    write<{ changes: RowChange<Schema>[] }>({
      id: 'update',
      path: ofCollection('/update'),
      summary: 'Change some fields of rows',
      schema: body({ changes: inputs.rows }, ['changes']),
      handle: (call) =>
        collections.use(nameOf(call), (collection) => collection.update(call.body.changes, optionsOf(call))),
    }),
    write<{ ids?: string[]; where?: Replacement<Schema>['where'] }>({
      id: 'delete',
      path: ofCollection('/delete'),
      summary: 'Delete rows by their ids, or those that match',
      schema: {
        ...body({ ids: inputs.ids, where: FILTER }, []),
        oneOf: [{ required: ['ids'] }, { required: ['where'] }],
      },
      handle: (call) => {
        const { ids, where } = call.body
        checkFilterSize(where, config.limits)
        const deletion = (ids ? { ids } : { where }) as Deletion<Schema>
        return collections.use(nameOf(call), (collection) => collection.delete(deletion, optionsOf(call)))
      },
    }),
    write<Replacement<Schema>>({
      id: 'replace',
      path: ofCollection('/replace'),
      summary: 'Put rows in place of those that match, as one change',
      schema: body({ where: FILTER, rows: { ...inputs.rows, minItems: 0 } }, ['where', 'rows']),
      handle: (call) => {
        const { where, rows } = call.body
        checkFilterSize(where, config.limits)
        return collections.use(nameOf(call), (collection) =>
          collection.replace({ where, rows }, optionsOf(call)),
        )
      },
    }),
  ]
}

function optionsOf({ body, visit }: Call<Options>): WriteOptions {
  const { durability, ifVersion } = body
  return {
    signal: visit.signal,
    ...(durability !== undefined && { durability }),
    ...(ifVersion !== undefined && { ifVersion }),
  }
}
