import { OmenError } from '@omen/core'
import type { Field } from '@omen/schema'
import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet'
import { checkFile } from './bytes-of-file.ts'
import { plainValue } from './plain-value.ts'
import type { RecordSource, RowWriter, SourceRecord } from './record.ts'
import { nameOfTemporary } from './temporary.ts'

/** Rows of a group, unless they are large. */
const GROUP_ROWS = 10_000
/** Numbers of vectors in a group, so that large vectors make small groups. */
const GROUP_NUMBERS = 4_000_000

/**
 * Opens a Parquet file; one group of rows is in memory at a time.
 *
 * @throws OmenError `not_found`, `corrupt_dataset`
 */
export async function openParquet(path: string): Promise<RecordSource> {
  checkFile(path)
  const { asyncBufferFromFile, parquetMetadataAsync } = await import('hyparquet')
  const file = await asyncBufferFromFile(path)
  const metadata = await reading(path, parquetMetadataAsync(file))
  const toValues = converterOf(metadata)
  let done = 0
  async function* read(after: number): AsyncGenerator<SourceRecord, void, undefined> {
    let start = 0
    for (const { num_rows } of metadata.row_groups) {
      const end = start + Number(num_rows)
      if (end > after) {
        for (const [i, values] of (await readGroup(path, file, metadata, start, end)).entries()) {
          const line = start + i + 1
          done = line
          if (line > after) yield { line, position: line, values: toValues(values) }
        }
      }
      start = end
    }
  }
  return {
    ...{ unit: 'row', text: false, total: Number(metadata.num_rows), vectorColumns: [] },
    done: () => done,
    read,
    close: async () => undefined,
  }
}

/** JSON that the library leaves as text: a column with the logical type alone, as this program writes it. */
function converterOf({ schema }: FileMetaData): (values: Record<string, unknown>) => SourceRecord['values'] {
  const json = schema.filter(
    ({ logical_type, converted_type }) => logical_type?.type === 'JSON' && !converted_type,
  )
  return (values) => {
    const plain = plainValue(values) as Record<string, unknown>
    for (const { name } of json) {
      const text = plain[name]
      if (typeof text === 'string') plain[name] = JSON.parse(text)
    }
    return plain
  }
}

async function readGroup(
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
): Promise<Record<string, unknown>[]> {
  const { parquetReadObjects } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  return await reading(path, parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd }))
}

async function reading<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OmenError('corrupt_dataset', `${path} is no Parquet file, or is damaged: ${why}`, { cause })
  }
}

/** Writes rows to a Parquet file, compressed by Snappy, vectors as lists of f32. */
export async function parquetWriter(path: string, fields: ReadonlyMap<string, Field>): Promise<RowWriter> {
  const { fileWriter, ParquetWriter } = await import('hyparquet-writer')
  const temporary = nameOfTemporary(path)
  const writer = new ParquetWriter({ writer: fileWriter(temporary.path), schema: schemaOf(fields) })
  const groupRows = groupRowsOf(fields)
  let rows: Readonly<Record<string, unknown>>[] = []
  async function flush(): Promise<void> {
    const id = { name: 'id', data: rows.map((row) => row.id) }
    const columns = [...fields].map(([name, field]) => ({
      name,
      data: rows.map((row) => cellOf(field, row[name])),
    }))
    await writer.write({ columnData: [id, ...columns], rowGroupSize: groupRows })
    rows = []
  }
  return {
    async write(row) {
      rows.push(row)
      if (rows.length === groupRows) await flush()
    },
    async close() {
      if (rows.length > 0) await flush()
      await writer.finish()
      await temporary.complete()
    },
  }
}

function groupRowsOf(fields: ReadonlyMap<string, Field>): number {
  const numbers = [...fields.values()].reduce(
    (sum, field) => sum + (field.kind === 'vector' ? field.dimension : 0),
    0,
  )
  return Math.max(1, Math.min(GROUP_ROWS, Math.floor(GROUP_NUMBERS / Math.max(1, numbers))))
}

/** The library takes arrays for lists, and whole numbers as bigint; its own JSON drops keys such as `__proto__`. */
function cellOf(field: Field, value: unknown): unknown {
  if (value === undefined) return null
  if (field.kind === 'json') return utf8.encode(JSON.stringify(value))
  if (field.kind === 'vector') return Array.from(value as Float32Array)
  if (field.kind === 'integer') {
    return field.many ? (value as number[]).map(BigInt) : BigInt(value as number)
  }
  return value
}

function schemaOf(fields: ReadonlyMap<string, Field>): SchemaElement[] {
  const root = { name: 'root', num_children: fields.size + 1 }
  const id: SchemaElement = { name: 'id', ...UTF8, repetition_type: 'REQUIRED' }
  return [root, id, ...[...fields].flatMap(([name, field]) => elementsOf(name, field))]
}

const utf8 = new TextEncoder()

const UTF8: Pick<SchemaElement, 'type' | 'converted_type'> = { type: 'BYTE_ARRAY', converted_type: 'UTF8' }

function elementsOf(name: string, field: Field): SchemaElement[] {
  const type = typeOf(field)
  if (field.kind !== 'vector' && !field.many) return [{ name, ...type, repetition_type: 'OPTIONAL' }]
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...type, repetition_type: 'REQUIRED' },
  ]
}

function typeOf(field: Field): Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'> {
  switch (field.kind) {
    case 'vector':
      return { type: 'FLOAT' }
    case 'keyword':
    case 'text':
      return UTF8
    case 'integer':
      return { type: 'INT64' }
    case 'number':
      return { type: 'DOUBLE' }
    case 'boolean':
      return { type: 'BOOLEAN' }
    case 'date':
      return { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }
    case 'json':
      return { type: 'BYTE_ARRAY', logical_type: { type: 'JSON' } }
  }
}
