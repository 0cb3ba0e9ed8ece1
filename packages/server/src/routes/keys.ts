import { OmenError } from '@omen/core'
import { type Grants, ROLES } from '../auth/roles.ts'
import { type Route, route } from './route.ts'
import { array, BOOLEAN, DATE, described, object, record, STRING } from './schemas.ts'
import type { Services } from './services.ts'

const KEY = {
  id: STRING,
  name: STRING,
  roles: record({ enum: ROLES }),
  createdAt: DATE,
  expiresAt: DATE,
}
const ALWAYS = ['id', 'name', 'roles', 'createdAt']

/** Routes of keys: who may see and make them may do everything. */
export function keyRoutes({ keys }: Services): Route[] {
  return [
    route({
      ...{ id: 'listKeys', method: 'GET', path: '/v1/keys', tag: 'Keys', access: 'admin', load: 'light' },
      summary: 'The keys that there are, without their secrets',
      audited: false,
      reply: { kind: 'document', schema: object({ keys: array(object(KEY, ALWAYS)) }) },
      handle: () => ({ keys: keys.list() }),
    }),
    route<{ name: string; roles: Grants; expiresAt?: string | Date }, unknown>({
      ...{ id: 'createKey', method: 'POST', path: '/v1/keys', tag: 'Keys', access: 'admin', load: 'work' },
      summary: 'Make a key, which is shown this once',
      body: {
        kind: 'document',
        schema: object(
          {
            name: { type: 'string', minLength: 1, maxLength: 200 },
            roles: {
              ...described(
                record({ enum: ROLES }),
                'Roles by the name of a collection; * stands for everything.',
              ),
              minProperties: 1,
              maxProperties: 1000,
            },
            expiresAt: DATE,
          },
          ['name', 'roles'],
        ),
      },
      reply: { kind: 'document', schema: object({ ...KEY, key: STRING }, [...ALWAYS, 'key']) },
      effect: (created) => {
        const { id, name, roles } = created as { id: string; name: string; roles: Grants }
        return { id, name, roles }
      },
      handle: ({ body: { name, roles, expiresAt } }) =>
        keys.create({ name, roles, ...(expiresAt !== undefined && { expiresAt: futureOf(expiresAt) }) }),
    }),
    route({
      ...{ id: 'revokeKey', method: 'DELETE', path: '/v1/keys/{id}', tag: 'Keys', access: 'admin' },
      load: 'work',
      summary: 'Take a key back',
      params: { id: { schema: STRING, says: 'The id of a key.' } },
      reply: { kind: 'document', schema: object({ revoked: BOOLEAN }) },
      effect: (reply, { params }) => ({ id: params.id, ...(reply as { revoked: boolean }) }),
      handle: async ({ params }) => ({ revoked: await keys.revoke(params.id as string) }),
    }),
  ]
}

function futureOf(given: string | Date): Date {
  const date = new Date(given)
  if (date.getTime() > Date.now()) return date
  throw new OmenError('invalid_argument', 'expiresAt must lie in the future, as a date and time in ISO 8601')
}
