import type { Collection, CollectionInfo, Schema } from '@omen/db'
import { checkSchema, schemaFromJson, schemaToJson } from '@omen/schema/check'
import { COLLECTION, type JsonSchema, ofCollection, type Route, route } from './route.ts'
import {
  array,
  BOOLEAN,
  COLLECTION_NAME,
  COUNT,
  NUMBER,
  object,
  record,
  SCHEMA,
  STRING,
  schemaOf,
  VERSION,
} from './schemas.ts'
import type { Services } from './services.ts'

const INFO = object({ name: COLLECTION_NAME, rows: COUNT, schema: SCHEMA })

const BYTES = {
  type: 'object',
  properties: { total: COUNT },
  required: ['total'],
  additionalProperties: COUNT,
}

/** What `stats()` says of a collection. */
export const COLLECTION_STATS: JsonSchema = object({
  ...{ name: STRING, rows: COUNT, deleted: COUNT, bytes: BYTES },
  segments: array(
    object({
      ...{ id: COUNT, rows: COUNT, deleted: COUNT, damaged: array(STRING), bytes: BYTES },
      state: { enum: ['active', 'full', 'sealed'] },
      fields: record(record(NUMBER)),
    }),
  ),
})

/** Routes of collections as a whole. */
export function collectionRoutes({ db, collections, config }: Services): Route[] {
  return [
    route({
      ...{ id: 'listCollections', method: 'GET', path: '/v1/collections', tag: 'Collections' },
      ...{ access: 'any key', load: 'work' },
      summary: 'The collections that the key may read',
      reply: { kind: 'document', schema: object({ collections: array(INFO) }) },
      handle: async ({ principal }) => {
        const all = await db.collections()
        return { collections: all.filter(({ name }) => principal.may('read', name)).map(infoOf) }
      },
    }),
    route({
      ...{ id: 'getCollection', method: 'GET', path: ofCollection(), tag: 'Collections' },
      ...{ access: 'read', load: 'work', errors: [404] },
      summary: 'A collection: its schema and how many rows it has',
      reply: {
        kind: 'document',
        schema: object({ name: COLLECTION_NAME, rows: COUNT, schema: SCHEMA, version: VERSION }),
      },
      handle: ({ params }) =>
        collections.use(params[COLLECTION] as string, async (collection) => {
          const snapshot = await collection.snapshot()
          try {
            return { ...(await described(collection)), version: snapshot.sequence }
          } finally {
            await snapshot.close()
          }
        }),
    }),
    route<{ schema: Record<string, unknown> }, unknown>({
      ...{ id: 'putCollection', method: 'PUT', path: ofCollection(), tag: 'Collections' },
      ...{ access: 'admin', load: 'work', errors: [409] },
      summary: 'Create a collection, or change its schema as far as its rows can follow',
      body: { kind: 'document', schema: object({ schema: schemaOf(config.limits.dimension) }) },
      reply: { kind: 'document', schema: INFO },
      handle: async ({ params, body }) => {
        const schema: Schema = Object.fromEntries(schemaFromJson(body.schema).fields)
        return await described(await collections.put(params[COLLECTION] as string, schema))
      },
    }),
    route({
      ...{ id: 'dropCollection', method: 'DELETE', path: ofCollection(), tag: 'Collections' },
      ...{ access: 'admin', load: 'work' },
      summary: 'Drop a collection with all its rows',
      reply: { kind: 'document', schema: object({ dropped: BOOLEAN }) },
      effect: (reply) => ({ ...(reply as { dropped: boolean }) }),
      handle: async ({ params }) => ({ dropped: await collections.drop(params[COLLECTION] as string) }),
    }),
    route({
      ...{ id: 'collectionStats', method: 'GET', path: ofCollection('/stats'), tag: 'Collections' },
      ...{ access: 'read', load: 'work', errors: [404] },
      summary: 'What there is in a collection, and what it takes, by segment and part',
      reply: { kind: 'document', schema: COLLECTION_STATS },
      handle: ({ params }) =>
        collections.use(params[COLLECTION] as string, (collection) => collection.stats()),
    }),
  ]
}

async function described(collection: Collection<Schema>): Promise<object> {
  return infoOf({ name: collection.name, rows: await collection.count(), schema: collection.schema })
}

function infoOf({ name, rows, schema }: CollectionInfo): object {
  return { name, rows, schema: schemaToJson(checkSchema(schema)) }
}
