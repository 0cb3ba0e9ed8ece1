import { resolve } from 'node:path'
import { OmenError } from '@omen/core'
import { timeOf } from '@omen/schema/check'
import type { CreatedKey, Grants, KeyInfo, KeyRequest, Role } from '@omen/server'
import { didYouMean } from '../arguments/suggest.ts'
import { pairs } from '../arguments/values.ts'
import { type Keys, openKeys } from '../database/keys.ts'
import { EXIT } from '../exit-codes.ts'
import { table } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, type Command, checkOperands, command } from './command.ts'

const OPTIONS = {
  name: { type: 'string', value: 'text', help: 'create: what people call the key' },
  role: {
    type: 'string',
    value: 'collection=role',
    multiple: true,
    help: 'create: read, write or admin; * stands for all collections',
  },
  expires: {
    type: 'string',
    value: 'date',
    help: 'create: until when it holds, in ISO 8601; for ever when left out',
  },
  state: {
    type: 'string',
    value: 'folder',
    help: 'where the server keeps its keys, unless beside the database',
  },
} as const

const ACTIONS = ['list', 'create', 'revoke']
const ROLES: readonly string[] = ['read', 'write', 'admin'] satisfies Role[]

export const keys: Command = command({
  operands: ['<action>', '<database>', '[id]'],
  text: `
Keys let programs in, through a server. Actions:
  list <database>                                  the keys that there are, without their secrets
  create <database> --name … --role docs=read      makes one, and prints it: this once, since only a hash is kept
  revoke <database> <id>                           takes one back

The database is the URL of a server that runs, with a key in OMEN_KEY that may do everything, or the directory of one that no
server has open. read is less than write, write less than admin; what is not granted is refused.`,
  options: OPTIONS,
  examples: [
    {
      does: 'a key that only searches',
      line: 'omen keys create http://127.0.0.1:7700 --name web --role docs=read',
    },
    {
      does: 'one that may do everything, for a month',
      line: `omen keys create ./data --name ops --role '*=admin' --expires 2030-01-31`,
    },
    { does: 'take it back', line: 'omen keys revoke http://127.0.0.1:7700 3fa9c01d' },
  ],
  async run(call) {
    const [action = '', ...operands] = call.operands
    const run = Object.hasOwn(RUN, action) ? RUN[action] : undefined
    if (!run)
      throw new UsageError(
        `there is no action ${action}${didYouMean(action, ACTIONS)}: ${ACTIONS.join(', ')}`,
      )
    checkOperands(action === 'revoke' ? ['<database>', '<id>'] : ['<database>'], operands)
    const [where = '', id = ''] = operands
    // What is wrong with a call is said before anything is opened.
    const request = action === 'create' ? requestOf(call.options) : undefined
    await using store = await openKeys(where, call.options.state && resolve(call.options.state))
    return await run({ call, store, request, id })
  },
})

interface KeysRun {
  readonly call: Call<typeof OPTIONS>
  readonly store: Keys
  readonly request: KeyRequest | undefined
  readonly id: string
}

const RUN: Readonly<Record<string, (run: KeysRun) => Promise<number>>> = { list, create, revoke }

async function list({ call, store }: KeysRun): Promise<number> {
  const found = await store.list()
  call.output.result({ keys: found }, () => keyTable(found))
  return EXIT.ok
}

async function create({ call, store, request }: KeysRun): Promise<number> {
  if (!request) throw new UsageError('--name and --role are needed')
  const created: CreatedKey = await store.create(request)
  call.output.result(created, () => `${keyTable([created])}\n\nthe key, shown this once:\n  ${created.key}`)
  return EXIT.ok
}

async function revoke({ call, store, id }: KeysRun): Promise<number> {
  if (!(await store.revoke(id))) throw new OmenError('not_found', `there is no key ${JSON.stringify(id)}`)
  call.output.result({ revoked: id }, () => `revoked ${id}`)
  return EXIT.ok
}

function requestOf({ name, role, expires }: KeysRun['call']['options']): KeyRequest {
  if (name === undefined || role.length === 0) {
    throw new UsageError('a key needs a name and a role: --name web --role docs=read')
  }
  const roles = pairs('role', role)
  for (const granted of roles.values()) {
    if (!ROLES.includes(granted)) throw new UsageError(`there is no role ${granted}: ${ROLES.join(', ')}`)
  }
  return {
    name,
    roles: Object.fromEntries(roles) as Grants,
    ...(expires !== undefined && { expiresAt: dateOf(expires) }),
  }
}

function dateOf(text: string): Date {
  try {
    return new Date(timeOf(text))
  } catch {
    throw new UsageError(
      `--expires takes a date such as 2030-01-31 or 2030-01-31T12:00Z, got ${JSON.stringify(text)}`,
    )
  }
}

function keyTable(found: readonly KeyInfo[]): string {
  if (found.length === 0) return '  no keys'
  const columns = ['id', 'name', 'roles', 'created', 'expires'].map((title) => ({
    title,
    align: 'left' as const,
  }))
  return table(
    columns,
    found.map(({ id, name, roles, createdAt, expiresAt }) => [
      id,
      name,
      Object.entries(roles)
        .map(([collection, role]) => `${collection}=${role}`)
        .join(', '),
      createdAt.toISOString(),
      expiresAt?.toISOString() ?? 'never',
    ]),
  )
}
