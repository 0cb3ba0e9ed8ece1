import { join } from 'node:path'
import { OmenError } from '@omen/core'
import { COLLECTION_STATS } from './collections.ts'
import { optimizing } from './optimize.ts'
import { COLLECTION, ofCollection, type Route, route } from './route.ts'
import { array, COUNT, object, STRING, VERSION } from './schemas.ts'
import type { Services } from './services.ts'

const STATS = object({
  ...{ collections: array(COLLECTION_STATS), diskBytes: COUNT, troubles: array(STRING) },
  log: object({ firstVersion: VERSION, lastVersion: VERSION, toReplay: { type: 'integer' } }),
})

const PROGRESS = {
  anyOf: [object({ done: COUNT, total: COUNT }), object({ finished: { const: true } })],
}

/** A name of a folder, with nothing that leads out of the folder it is made in. */
const BACKUP_NAME = { type: 'string', pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$' }

/** Routes for whoever looks after the database. */
export function administrationRoutes(services: Services): Route[] {
  const { db, collections, config } = services
  return [
    route({
      ...{ id: 'stats', method: 'GET', path: '/v1/stats', tag: 'Administration' },
      ...{ access: 'read', load: 'work' },
      summary: 'What there is in the database, and what it takes',
      reply: { kind: 'document', schema: STATS },
      handle: async () => {
        const stats = await db.stats()
        return { ...stats, troubles: stats.troubles.map(String) }
      },
    }),
    route({
      ...{ id: 'verify', method: 'POST', path: '/v1/verify', tag: 'Administration' },
      ...{ access: 'admin', load: 'long work' },
      summary: 'Read everything there is, and say what is not as it was written',
      reply: {
        kind: 'document',
        schema: object({ problems: array(object({ where: STRING, what: STRING })), rows: COUNT }),
      },
      handle: () => db.verify(),
    }),
    route<{ name: string }, unknown>({
      ...{ id: 'backup', method: 'POST', path: '/v1/backup', tag: 'Administration' },
      ...{ access: 'admin', load: 'long work', errors: [409] },
      summary: "Copy the database as it is now into a folder below the server's folder of backups",
      body: { kind: 'document', schema: object({ name: BACKUP_NAME }) },
      reply: { kind: 'document', schema: object({ name: STRING }) },
      effect: (reply) => ({ ...(reply as { name: string }) }),
      handle: async ({ body: { name } }) => {
        if (config.backups === undefined) {
          throw new OmenError('unsupported', 'this server makes no backups: it was given no folder (backups)')
        }
        await db.backup(join(config.backups, name))
        return { name }
      },
    }),
    route<{ timeoutMs?: number } | undefined, unknown>({
      ...{ id: 'optimize', method: 'POST', path: ofCollection('/optimize'), tag: 'Administration' },
      ...{ access: 'admin', load: 'long work', errors: [404] },
      summary: 'Take all rows to disk, into one segment without those that were deleted',
      body: { kind: 'document', optional: true, schema: object({}, []) },
      reply: { kind: 'document or stream', schema: object({}, []), item: PROGRESS },
      handle: (call) => {
        const name = call.params[COLLECTION] as string
        return collections.use(name, (collection) => optimizing(collection, call))
      },
    }),
  ]
}
