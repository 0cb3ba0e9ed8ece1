import { type Collection, type InputRow, open, type Schema } from '@omen/db'
import { schemaFromJson } from '@omen/schema/check'

/** A field of every kind, alone and many. */
export const oddSchemaText: string = JSON.stringify({
  title: { kind: 'text', optional: true },
  lang: { kind: 'keyword', optional: true },
  tags: { kind: 'keyword', many: true, optional: true },
  year: { kind: 'integer', optional: true },
  years: { kind: 'integer', many: true, optional: true },
  price: { kind: 'number', optional: true },
  prices: { kind: 'number', many: true, optional: true },
  good: { kind: 'boolean', optional: true },
  goods: { kind: 'boolean', many: true, optional: true },
  when: { kind: 'date', optional: true },
  whens: { kind: 'date', many: true, optional: true },
  extra: { kind: 'json', optional: true },
  embedding: { kind: 'vector', dimension: 3, metric: 'l2' },
  second: { kind: 'vector', dimension: 2, optional: true },
})

/** Rows that formats may trip over: odd ids and texts, values at the edge of their types, and missing ones. */
export const oddRows: readonly Readonly<Record<string, unknown> & { id: string }>[] = [
  { id: 'plain', embedding: [1, 2, 3] },
  { id: '__proto__', embedding: [0.1, -0, 1e-45], title: '', lang: '', tags: [], extra: {} },
  {
    id: 'constructor',
    embedding: [3.4e18, -1e-38, 1 / 3],
    extra: JSON.parse('{"__proto__":{"a":[null,""]}}'),
  },
  { id: ' spaces , "quotes" and\nlines\r\n\t', embedding: [0, 0, 0], title: 'a "b"\r\nc,d\te\\' },
  {
    id: '=1+1',
    embedding: [5, 6, 7],
    title: 'null',
    lang: 'true',
    tags: ['', 'a,b', '"'],
    extra: '{"no":"object"}',
  },
  {
    id: 'ünïcödé-日本-😀',
    embedding: [-1, -2, -3],
    title: '😀\u0000\u2028',
    lang: 'de',
    tags: ['é', '日本'],
  },
  { id: '007', embedding: [1e-20, 2e-20, 3e-20], year: 0, years: [], price: 0, good: false, extra: false },
  {
    id: 'edges',
    embedding: [1, 0, 0],
    second: [0.30000001192092896, -0.7],
    year: Number.MAX_SAFE_INTEGER,
    years: [Number.MIN_SAFE_INTEGER, 0, 7],
    price: 5e-324,
    prices: [Number.MAX_VALUE, -0.1, 1e21],
    good: true,
    goods: [true, false],
    when: new Date(-8.64e15),
    whens: [new Date(8.64e15), new Date(0), new Date(-1)],
    extra: [1, 'x', null, { a: { b: [] } }, 1e300],
  },
  { id: 'expires', embedding: [1, 1, 1], $expiresAt: new Date('2999-01-02T03:04:05.678Z') },
  ...Array.from({ length: 40 }, (_, i) => ({
    id: `row ${i}`,
    embedding: [Math.sin(i), Math.cos(i), i / 7],
    year: i,
    when: new Date(1_700_000_000_000 + i * 86_400_001),
  })),
]

/** Makes a database with the odd rows in the collection `odd`. */
export async function writeOddRows(directory: string): Promise<void> {
  await using db = await open(directory)
  const odd = await db.collection('odd', Object.fromEntries(schemaFromJson(JSON.parse(oddSchemaText)).fields))
  await odd.upsert(oddRows as unknown as InputRow<Schema>[])
}

/** All rows of a collection by id, with bytes in place of vectors, so that floats are compared bit for bit. */
export async function rowsIn(directory: string, name: string): Promise<Map<string, unknown>> {
  await using db = await open(directory)
  const collection: Collection<Schema> = await db.collection(name)
  const rows = new Map<string, unknown>()
  for await (const row of collection.scan({ select: Object.keys(collection.schema), expiry: true })) {
    const values = Object.entries(row).map(([field, value]: [string, unknown]) =>
      value instanceof Float32Array
        ? [field, Buffer.from(value.slice().buffer).toString('hex')]
        : [field, value],
    )
    rows.set(row.id, Object.fromEntries(values))
  }
  return rows
}
