import { COLLECTION, ofCollection, type Route, route } from './route.ts'
import { BOOLEAN, DATE, object, STRING, VERSION } from './schemas.ts'
import type { Services } from './services.ts'

/** Routes of snapshots, which reads name by `?snapshot=`. */
export function snapshotRoutes({ collections, snapshots, config }: Services): Route[] {
  const ttlMs = { type: 'integer', minimum: 1, maximum: config.limits.snapshotMs }
  return [
    route<{ ttlMs?: number } | undefined, unknown>({
      ...{ id: 'openSnapshot', method: 'POST', path: ofCollection('/snapshots') },
      ...{ tag: 'Snapshots', access: 'read', load: 'work', errors: [404] },
      summary: 'Keep the rows as they are now, for a time',
      body: { kind: 'document', optional: true, schema: object({ ttlMs }, []) },
      reply: {
        kind: 'document',
        schema: object({ snapshot: STRING, sequence: VERSION, expiresAt: DATE }),
      },
      handle: ({ params, body }) =>
        collections.use(params[COLLECTION] as string, (collection) =>
          snapshots.open(collection, body?.ttlMs),
        ),
    }),
    route({
      ...{ id: 'closeSnapshot', method: 'DELETE', path: ofCollection('/snapshots/{snapshot}') },
      ...{ tag: 'Snapshots', access: 'read', load: 'light' },
      summary: 'Let go of a snapshot',
      params: { snapshot: { schema: STRING, says: 'The snapshot.' } },
      reply: { kind: 'document', schema: object({ closed: BOOLEAN }) },
      handle: ({ params }) => ({
        closed: snapshots.close(params[COLLECTION] as string, params.snapshot as string),
      }),
    }),
  ]
}
