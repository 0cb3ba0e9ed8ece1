// Runs in other runtimes than Node, as a bundle, against a server whose address is put in when it is made.
import { testDatabase } from '@omen/schema/testing'
import { describe, expect, test } from 'vitest'
import { connect, type RemoteDatabase } from '../../index.ts'
import { row, SCHEMA } from '../rows.ts'
import { runTests } from './suite.ts'

declare const SERVER: { readonly url: string; readonly key: string }
const { url, key } = SERVER

async function dropAll(): Promise<void> {
  const db = await connect(url, { key })
  for (const { name } of await db.collections()) await db.drop(name)
  await db.close()
}

const exceptions = {
  'watch from now on': 'requests that are under way together reach the server in any order',
  'names of dots': 'no address can hold them',
  'backup into any directory': 'the server has a folder for them',
} as const

for (const format of ['binary', 'json'] as const) {
  testDatabase(format, {
    exceptions: format === 'json' ? { ...exceptions, 'the sign of zero': 'JSON has one zero' } : exceptions,
    open: async () => ({ db: await connect(url, { key, format }), end: dropAll }),
  })
}

const testOf = (name: string, run: (db: RemoteDatabase) => Promise<void>): void =>
  test(name, async () => {
    const db = await connect(url, { key })
    try {
      await run(db)
    } finally {
      await db.close()
      await dropAll()
    }
  })

describe('a connection of this runtime', () => {
  testOf('says that nobody answers, and tries again', async (db) => {
    await expect(connect('http://127.0.0.1:1', { retries: 0 })).rejects.toMatchObject({ code: 'io' })
    const rows = await db.collection('rows', SCHEMA)
    await rows.upsert([row(0)])
    let calls = 0
    const failing: typeof fetch = (input, init) =>
      ++calls % 2 === 0 ? fetch('http://127.0.0.1:1') : fetch(input, init)
    const again = await (await connect(url, { key, fetch: failing })).collection('rows', SCHEMA)
    expect(await again.count()).toBe(1)
    expect(await again.upsert([row(1)])).toMatchObject({ written: 1 })
    expect(calls).toBeGreaterThan(4)
  })

  testOf('brings many rows in batches, and streams them back', async (db) => {
    const rows = await db.collection('rows', SCHEMA)
    const given = Array.from({ length: 20_000 }, (_, i) => row(i))
    expect(await rows.upsertInBatches(given, { batchRows: 5000 })).toMatchObject({ written: 20_000 })
    const ids = new Set<string>()
    for await (const { id } of rows.scan()) ids.add(id)
    expect(ids.size).toBe(20_000)
    // One that is left early does not hold up what comes.
    for await (const { id } of rows.scan()) if (ids.has(id)) break
    expect(await rows.count()).toBe(20_000)
  })

  testOf('gives up what is under way', async (db) => {
    const rows = await db.collection('rows', SCHEMA)
    const { lastVersion } = (await db.stats()).log
    const stop = new AbortController()
    const watch = rows.watch({ after: lastVersion, signal: stop.signal })
    const next = watch.next()
    await rows.upsert([row(0)])
    expect(await next).toMatchObject({ value: { written: [{ id: 'r0' }] } })
    const waiting = expect(watch.next()).rejects.toMatchObject({ code: 'aborted' })
    stop.abort()
    await waiting
    const silent: typeof fetch = (input, init) =>
      String(input).endsWith('/v1')
        ? fetch(input, init)
        : new Promise((_, reject) => {
            // Timers of signals keep no process running, as a connection would.
            const open = setInterval(() => undefined, 1000)
            init?.signal?.addEventListener('abort', () => {
              clearInterval(open)
              reject(init.signal?.reason)
            })
          })
    const hasty = await connect(url, { key, timeoutMs: 100, fetch: silent })
    await expect(hasty.collections()).rejects.toMatchObject({ code: 'timeout' })
  })

  testOf('is closed under a watch', async (db) => {
    const rows = await db.collection('rows', SCHEMA)
    const { lastVersion } = (await db.stats()).log
    const waiting = expect(rows.watch({ after: lastVersion }).next()).rejects.toMatchObject({
      code: 'closed',
    })
    await db.close()
    await waiting
  })
})

// Read by whoever started this: nothing else is printed.
console.log(JSON.stringify(await runTests()))
