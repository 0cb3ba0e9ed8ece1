import { open } from '@omen/db'
import { testDatabase } from '@omen/schema/testing'
import { createServer } from '@omen/server'
import { afterAll, beforeAll } from 'vitest'
import { connect } from '../index.ts'

/** One server for all tests, since making one takes longer than most of them: each test leaves it without collections. */
const behind = await open(':memory:')
const { app, keys } = await createServer(behind, {
  log: { level: 'silent' },
  limits: { requestsPerSecond: 1e6, burst: 1e6 },
})
let url = ''
let key = ''

beforeAll(async () => {
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  key = (await keys.create({ name: 'test', roles: { '*': 'admin' } })).key
})
afterAll(async () => {
  await app.close()
  await behind.close()
})

async function dropAll(): Promise<void> {
  for (const { name } of await behind.collections()) await behind.drop(name)
}

const exceptions = {
  'watch from now on': 'requests that are under way together reach the server in any order',
  'names of dots': 'no address can hold them',
  'backup into any directory': 'the server has a folder for them',
} as const

testDatabase('a database behind a server, in binary', {
  exceptions,
  open: async () => ({ db: await connect(url, { key }), end: dropAll }),
})

testDatabase('a database behind a server, in JSON', {
  exceptions: { ...exceptions, 'the sign of zero': 'JSON has one zero' },
  open: async () => ({ db: await connect(url, { key, format: 'json' }), end: dropAll }),
})
