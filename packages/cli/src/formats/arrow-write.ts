import { type FileHandle, open } from 'node:fs/promises'
import type { Field } from '@omen/schema'
import type { DataType, RecordBatch, Schema } from 'apache-arrow'
import { EXTENSION_NAME, JSON_EXTENSION } from './arrow-read.ts'
import type { RowWriter } from './record.ts'
import { nameOfTemporary } from './temporary.ts'

type Arrow = typeof import('apache-arrow')

/** Rows of a batch. */
const BATCH_ROWS = 4096

/** Writes rows to an Arrow file: vectors as lists of f32 of one length, JSON as the extension type `arrow.json`. */
export async function arrowWriter(path: string, fields: ReadonlyMap<string, Field>): Promise<RowWriter> {
  const arrow = await import('apache-arrow')
  const temporary = nameOfTemporary(path)
  const file = await open(temporary.path, 'w')
  const schema = schemaOf(arrow, fields)
  const { writer, drain } = collectingWriter(arrow, file)
  let rows: Readonly<Record<string, unknown>>[] = []
  async function flush(): Promise<void> {
    writer.write(batchOf(arrow, schema, fields, rows))
    rows = []
    await drain()
  }
  return {
    async write(row) {
      rows.push(row)
      if (rows.length === BATCH_ROWS) await flush()
    },
    async close() {
      // A file of no rows still says what its columns are.
      await flush()
      writer.finish()
      await drain()
      await file.close()
      await temporary.complete()
    },
  }
}

/** The library's writer knows no backpressure: what it makes is collected, and written before more is made. */
function collectingWriter(
  arrow: Arrow,
  file: FileHandle,
): { writer: InstanceType<Arrow['RecordBatchFileWriter']>; drain: () => Promise<void> } {
  let chunks: Uint8Array[] = []
  class Collector extends arrow.AsyncByteQueue {
    override write(chunk: Uint8Array): void {
      chunks.push(chunk)
    }
  }
  const writer = new arrow.RecordBatchFileWriter()
  writer.reset(new Collector())
  return {
    writer,
    async drain() {
      const ready = chunks
      chunks = []
      for (const chunk of ready) await file.appendFile(chunk)
    },
  }
}

function schemaOf(arrow: Arrow, fields: ReadonlyMap<string, Field>): Schema {
  const id = arrow.Field.new('id', new arrow.Utf8(), false)
  const others = [...fields].map(([name, field]) => {
    const json = field.kind === 'json' ? new Map([[EXTENSION_NAME, JSON_EXTENSION]]) : undefined
    return arrow.Field.new(name, typeOf(arrow, field), true, json)
  })
  return new arrow.Schema([id, ...others])
}

function typeOf(arrow: Arrow, field: Field): DataType {
  if (field.kind === 'vector') {
    return new arrow.FixedSizeList(field.dimension, arrow.Field.new('item', new arrow.Float32(), false))
  }
  const type = scalarOf(arrow, field.kind)
  return field.many ? new arrow.List(arrow.Field.new('item', type, false)) : type
}

function scalarOf(arrow: Arrow, kind: Exclude<Field['kind'], 'vector'>): DataType {
  switch (kind) {
    case 'keyword':
    case 'text':
    case 'json':
      return new arrow.Utf8()
    case 'integer':
      return new arrow.Int64()
    case 'number':
      return new arrow.Float64()
    case 'boolean':
      return new arrow.Bool()
    case 'date':
      return new arrow.TimestampMillisecond()
  }
}

function batchOf(
  arrow: Arrow,
  schema: Schema,
  fields: ReadonlyMap<string, Field>,
  rows: readonly Readonly<Record<string, unknown>>[],
): RecordBatch {
  const children = schema.fields.map(({ name, type }) => {
    const field = fields.get(name)
    const cells = rows.map((row) => (field ? cellOf(field, row[name]) : row[name]))
    return arrow.vectorFromArray(cells, type).data[0] ?? arrow.makeData({ type, length: 0 })
  })
  const struct = arrow.makeData({
    type: new arrow.Struct(schema.fields),
    length: rows.length,
    nullCount: 0,
    children,
  })
  return new arrow.RecordBatch(schema, struct)
}

function cellOf(field: Field, value: unknown): unknown {
  if (value === undefined) return null
  if (field.kind === 'json') return JSON.stringify(value)
  if (field.kind === 'integer') {
    return field.many ? (value as number[]).map(BigInt) : BigInt(value as number)
  }
  return value
}
