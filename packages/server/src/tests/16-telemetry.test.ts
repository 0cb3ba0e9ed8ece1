import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, expect, test } from 'vitest'
import { DOCS, docs, startServer } from '../testing/start-server.ts'

interface Seen {
  readonly name: string
  readonly attributes: Record<string, unknown>
  status: number | undefined
  ended: boolean
}

/** Registers a tracer that remembers its spans. */
function rememberSpans(): Seen[] {
  const spans: Seen[] = []
  const startSpan = (name: string, options: { attributes?: Record<string, unknown> } = {}): Span => {
    const seen: Seen = { name, attributes: { ...options.attributes }, status: undefined, ended: false }
    spans.push(seen)
    return {
      spanContext: () => ({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 }),
      setAttribute(key: string, value: unknown) {
        seen.attributes[key] = value
        return this
      },
      setStatus({ code }: { code: number }) {
        seen.status = code
        return this
      },
      end() {
        seen.ended = true
      },
    } as unknown as Span
  }
  const tracer = { startSpan } as unknown as ReturnType<typeof trace.getTracer>
  trace.setGlobalTracerProvider({ getTracer: () => tracer })
  return spans
}

afterAll(() => trace.disable())

test('requests are spans where a tracer is registered and the configuration says so', async () => {
  const spans = rememberSpans()
  const silent = await startServer()
  await silent.call('GET', '/v1')
  await silent.close()
  expect(spans).toEqual([])
  const server = await startServer({ tracing: true })
  await server.call('GET', '/v1/collections')
  server.db.stats = () => Promise.reject(new Error('broken'))
  await server.call('GET', '/v1/stats')
  await expect.poll(() => spans.filter(({ ended }) => ended)).toHaveLength(2)
  expect(spans).toMatchObject([
    {
      name: 'listCollections',
      status: undefined,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.path': '/v1/collections',
      },
    },
    { name: 'stats', status: SpanStatusCode.ERROR, attributes: { 'http.response.status_code': 500 } },
  ])
  expect(trace.getSpan(ROOT_CONTEXT)).toBeUndefined()
  await server.close()
})

test('metrics count what was asked, refused and stored', async () => {
  const server = await startServer({ metrics: { open: true } })
  const collection = await server.db.collection('docs', DOCS)
  await collection.upsert(docs(7) as never)
  await server.call('GET', '/v1', undefined, { key: null })
  await server.call('POST', '/v1/collections/docs/count', {})
  const metrics = String((await server.call('GET', '/metrics', undefined, { key: null })).body)
  for (const line of [
    'omen_http_requests_total{route="info",status="401"} 1',
    'omen_http_requests_total{route="countRows",status="200"} 1',
    'omen_http_rejected_total{reason="unauthenticated"} 1',
    'omen_http_request_duration_seconds_count{route="countRows"} 1',
    'omen_collection_rows{collection="docs"} 7',
    'omen_http_requests_under_way 1',
  ]) {
    expect(metrics).toContain(line)
  }
  await server.close()
})

test('a collection is searched by text where there is an embedder', async () => {
  const asked: unknown[] = []
  const embed = async (texts: readonly string[], target: object): Promise<Float32Array[]> => {
    asked.push({ texts, target })
    return texts.map(() => Float32Array.of(3, 0, 0, 0))
  }
  const server = await startServer({}, { embedder: { embed } })
  const collection = await server.db.collection('docs', DOCS)
  await collection.upsert(docs(7) as never)
  expect((await server.call('GET', '/v1')).body).toMatchObject({ embedding: true })
  const found = await server.call('POST', '/v1/collections/docs/embed-search', {
    text: 'three',
    limit: 1,
    select: [],
  })
  expect(found.body).toEqual({ hits: [{ id: 'doc-3', score: 1, distance: 0 }] })
  expect(asked).toEqual([{ texts: ['three'], target: { collection: 'docs', field: 'embedding' } }])
  await server.close()
})
