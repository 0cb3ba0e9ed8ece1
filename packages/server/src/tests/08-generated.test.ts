import { proofSize, prove } from '@omen/core/testing'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonSchema } from '../routes/route.ts'
import { FILTER, ROW, VECTOR } from '../routes/schemas.ts'
import { mutated, ValidValues } from '../testing/arbitraries.ts'
import { DOCS, docs, startServer, type TestServer } from '../testing/start-server.ts'

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { name: string; in: string; schema: JsonSchema; required?: boolean }[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { schema: JsonSchema }>>
  }
  readonly responses: Readonly<Record<string, Reply>>
}

type Reply = { readonly $ref?: string; readonly content?: Readonly<Record<string, { schema: JsonSchema }>> }

interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly type?: string
  readonly accept: string
  readonly body?: string
}

/** `OMEN_PROOF_SIZE=5` makes 50,000. */
const REQUESTS = 10_000
const AT_ONCE = 8
/** Requests after which what they have made is cleared away. */
const TIDY_EVERY = 400

let server: TestServer
let operations: { method: Sent['method']; path: string; operation: Operation }[]
let schemaOf: (reply: Reply | undefined, type: string) => ValidateFunction | undefined

beforeAll(async () => {
  server = await startServer({
    limits: {
      ...{ batch: 50, hits: 100, dimension: 64, samples: 20, bodyBytes: 65_536, snapshots: 10_000 },
      ...{ heartbeatMs: 10, streams: 1000, shutdownMs: 100, requestsPerSecond: 1_000_000, burst: 1_000_000 },
    },
  })
  const { body } = await server.call('GET', '/openapi.json')
  const document = body as {
    paths: Record<string, Record<string, Operation>>
    components: { responses: Record<string, Reply> }
  }
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...{ method: method.toUpperCase() as Sent['method'], path, operation },
    })),
  )
  schemaOf = replySchemas(document)
})
afterAll(() => server.close())

/** Finds the schema that the document gives a reply, with its references resolved. */
function replySchemas(document: {
  components: { responses: Record<string, Reply> }
}): (reply: Reply | undefined, type: string) => ValidateFunction | undefined {
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })
  ajv.addSchema({ ...document, $id: 'api' })
  const compiled = new Map<JsonSchema, ValidateFunction>()
  return (reply, type) => {
    const found = reply?.$ref ? document.components.responses[reply.$ref.split('/').at(-1) ?? ''] : reply
    const schema = found?.content?.[type]?.schema
    if (!schema) return undefined
    const known = compiled.get(schema) ?? ajv.compile(withAbsoluteReferences(schema))
    compiled.set(schema, known)
    return known
  }
}

function withAbsoluteReferences(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as JsonSchema
}

const row = fc
  .record({ i: fc.nat(50), year: fc.option(fc.nat(3000), { nil: undefined }) })
  .map(({ i, year }) => ({ ...docs(1, i)[0], ...(year !== undefined && { year }) }))

const values = new ValidValues(
  new Map<string, fc.Arbitrary<unknown>>([
    [JSON.stringify(ROW), row],
    [JSON.stringify(VECTOR), fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 })],
    [
      JSON.stringify(FILTER),
      fc.constantFrom({}, { lang: 'en' }, { year: { $gte: 2005 } }, { $not: { lang: { $in: ['de'] } } }),
    ],
  ]),
)

/** A request that the document allows, or one that has something wrong in it. */
function requestFor({ method, path, operation }: (typeof operations)[number]): fc.Arbitrary<Sent> {
  const { parameters, requestBody } = operation
  const names = fc.constantFrom('docs', 'docs', 'docs', 'docs', 'other', 'none', '__proto__', 'a/../b', '%')
  const ids = fc.oneof(
    fc.constantFrom('doc-1', 'doc-2', 'nothing'),
    fc.string({ minLength: 1 }).filter((id) => !/^\.+$/.test(id)),
  )
  const anyQuery = fc.record(
    Object.fromEntries(
      parameters
        .filter((each) => each.in === 'query')
        .map(({ name, schema }) => [name, queryValue(name, values.of(schema))]),
    ),
    { requiredKeys: [] },
  )
  const query = fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: anyQuery })
  const types = Object.entries(requestBody?.content ?? {}).filter(([type]) => /json/.test(type))
  const [type, media] = types[0] ?? []
  const document = media && values.of(media.schema)
  const body = document
    ? fc.oneof(
        { weight: 6, arbitrary: document.map((value) => JSON.stringify(value)) },
        { weight: 3, arbitrary: mutated(document).map((value) => JSON.stringify(value)) },
        { weight: 1, arbitrary: fc.tuple(document, fc.nat()).map(([value, cut]) => cutOff(value, cut)) },
        { weight: requestBody?.required ? 1 : 4, arbitrary: fc.constant(undefined) },
      )
    : fc.constant(undefined)
  return fc.record({ names, ids, query, body, packed: fc.boolean() }).map((made) => {
    const real = path
      .replace('{name}', encodeURIComponent(made.names))
      .replace(/\{(id|snapshot)\}/, encodeURIComponent(made.ids))
    const search = new URLSearchParams(made.query as Record<string, string>).toString()
    return {
      method,
      url: search === '' ? real : `${real}?${search}`,
      accept: made.packed ? 'application/json, */*' : '*/*',
      ...(made.body !== undefined && type !== undefined && { type, body: made.body }),
    }
  })
}

function queryValue(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  // Snapshots and versions of nothing are worth asking for now and then, not most of the time.
  const rare = name === 'snapshot' || name === 'after' ? 20 : 1
  return fc.oneof(
    { weight: 4, arbitrary: value.map(String) },
    { weight: rare, arbitrary: fc.constantFrom('', '0', '1', '-1', '1e99', 'true', '__proto__', '\u0000') },
  )
}

function cutOff(value: unknown, at: number): string {
  const text = JSON.stringify(value)
  return text.slice(0, at % Math.max(1, text.length))
}

/** Sends a request and holds the reply against the document. @returns the status */
async function hold(sent: Sent, operation: Operation): Promise<number> {
  const reply = await server.app.inject({
    ...{ method: sent.method, url: sent.url, payloadAsStream: true },
    headers: {
      authorization: `Bearer ${server.admin}`,
      accept: sent.accept,
      ...(sent.type && { 'content-type': sent.type }),
    },
    ...(sent.body !== undefined && { payload: sent.body }),
  })
  const endless = operation.operationId === 'watch' && reply.statusCode === 200
  let text = ''
  const stream = reply.stream()
  for await (const chunk of stream) {
    text += String(chunk)
    if (endless) break
  }
  stream.destroy()
  const says = `${sent.method} ${sent.url} ${sent.body ?? ''} → ${reply.statusCode} ${text.slice(0, 300)}`
  const patience = sent.body?.includes('timeoutMs') && reply.statusCode === 504
  if (reply.statusCode >= 500 && !patience) throw new Error(`a server's fault: ${says}`)
  const type = String(reply.headers['content-type'] ?? '').split(';')[0] ?? ''
  const validate = schemaOf(operation.responses[String(reply.statusCode)], type)
  if (!validate) throw new Error(`not in the document: ${says}`)
  const documents = type === 'application/x-ndjson' ? text.split('\n').filter((line) => line !== '') : [text]
  if (type === 'text/plain') return reply.statusCode
  for (const each of documents) {
    if (validate(JSON.parse(each))) continue
    throw new Error(`not as the document says: ${JSON.stringify(validate.errors?.slice(0, 2))} ${says}`)
  }
  return reply.statusCode
}

async function tidy(): Promise<void> {
  const { db, keys } = server
  for (const { name } of await db.collections()) await db.drop(name)
  for (const { id, name } of keys.list()) if (name !== 'test') await keys.revoke(id)
  const collection = await db.collection('docs', DOCS)
  await collection.upsert(docs(30) as never)
}

test('requests made from the document never show a fault of the server, and replies are as it says', async () => {
  await prove('generated requests', { seed: 5150 }, async (proof) => {
    const statuses = new Map<string, Map<number, number>>()
    const wanted = proofSize(REQUESTS)
    const each = Math.ceil(wanted / operations.length)
    let sent = 0
    for (const target of operations) {
      const { operationId } = target.operation
      const seen = new Map<number, number>()
      statuses.set(operationId, seen)
      const requests = fc.sample(requestFor(target), { seed: proof.seed, numRuns: each })
      for (let i = 0; i < requests.length; i += AT_ONCE) {
        if (i % TIDY_EVERY === 0) await tidy()
        const batch = requests.slice(i, i + AT_ONCE).map((request) => hold(request, target.operation))
        for (const status of await Promise.all(batch)) seen.set(status, (seen.get(status) ?? 0) + 1)
        sent += batch.length
        proof.shown = `${sent} requests to ${statuses.size} of ${operations.length} operations`
      }
    }
    // Requests that are all refused would show little. Backups have no folder here.
    if (each < 100) return
    const never = [...statuses].filter(([, seen]) => !seen.has(200)).map(([id]) => id)
    expect(never).toEqual(['backup'])
  })
}, 900_000)
