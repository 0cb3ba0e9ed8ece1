import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { OmenError } from '@omen/core'
import type { Field } from '@omen/schema'
import { type Info, parse } from 'csv-parse'
import { openBytes } from './bytes-of-file.ts'
import type { BadRecord, RecordSource, RowWriter, SourceRecord } from './record.ts'
import { TextPieces } from './text-pieces.ts'
import { vectorText } from './vector-text.ts'

/** A quote that is never closed must not take all memory. */
const MAX_RECORD_BYTES = 1 << 26

interface Parsed {
  readonly info: Info
  readonly raw: string
  readonly record: (string | null)[]
}

/**
 * Opens a file of values separated by commas, tabs or what is said, after RFC 4180, the first line naming the columns. A cell
 * without quotes that is empty is no value; `""` is an empty text.
 *
 * @param path `-` for standard input
 * @throws OmenError `not_found`, `invalid_argument`
 */
export function openCsv(path: string, delimiter: string): RecordSource {
  const { stream, sizeBytes, close } = openBytes(path)
  let done = 0
  return {
    ...{ unit: 'line', text: true, total: sizeBytes, vectorColumns: [] },
    done: () => done,
    read: (after) => records(stream, delimiter, after, (bytes) => (done = bytes)),
    close: async () => close(),
  }
}

async function* records(
  stream: AsyncIterable<Buffer>,
  delimiter: string,
  after: number,
  read: (sizeBytes: number) => void,
): AsyncGenerator<SourceRecord | BadRecord, void, undefined> {
  const skipped: BadRecord[] = []
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    raw: true,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
    skip_records_with_error: true,
    cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    on_skip(error, raw) {
      const line = Number(error && 'lines' in error ? error.lines : 0)
      const text = raw ?? ''
      // After a stray quote it tries again with more and more text: the last try says all that was lost.
      if (skipped.length > 0 && text.startsWith(skipped.at(-1)?.text ?? '')) skipped.pop()
      skipped.push({ line, position: line, reason: error?.message ?? 'it is not CSV', text })
      return undefined
    },
  })
  const input = Readable.from(stream)
  input.on('error', (error) => parser.destroy(error))
  input.pipe(parser)
  let columns: readonly string[] | undefined
  let end = 0
  for await (const { info, raw, record } of parser as AsyncIterable<Parsed>) {
    read(info.bytes)
    // The parser is ahead: what it could not read may lie behind this record.
    while (skipped[0] && skipped[0].position <= info.lines) {
      const [bad] = skipped.splice(0, 1)
      if (bad && bad.position > after) yield bad
    }
    const line = end + 1
    end = info.lines
    if (columns === undefined) columns = columnsOf(record)
    else if (end > after) yield recordOf(columns, record, { line, position: end, text: raw.trimEnd() })
  }
  await finished(parser).catch(() => undefined)
  for (const bad of skipped) if (bad.position > after) yield bad
}

function columnsOf(record: readonly (string | null)[]): string[] {
  const names = record.map((name) => name ?? '')
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return names
  throw new OmenError('invalid_argument', `the first line names the column ${JSON.stringify(twice)} twice`)
}

function recordOf(
  columns: readonly string[],
  record: readonly (string | null)[],
  { line, position, text }: { line: number; position: number; text: string },
): SourceRecord | BadRecord {
  if (record.length !== columns.length) {
    const reason = `it has ${record.length} cells, and the first line has ${columns.length}`
    return { line, position, reason, text }
  }
  const values: Record<string, unknown> = Object.create(null)
  for (const [i, name] of columns.entries()) values[name] = record[i]
  return { line, position, values }
}

/** Writes rows as lines of cells: arrays, vectors and JSON as JSON, dates in ISO 8601. */
export function csvWriter(
  fields: ReadonlyMap<string, Field>,
  delimiter: string,
  put: (text: string) => Promise<void>,
  close: () => Promise<void>,
): RowWriter {
  const text = new TextPieces(put)
  const line = (cells: readonly string[]): Promise<void> => text.add(`${cells.join(delimiter)}\n`)
  let begun = false
  async function begin(): Promise<void> {
    begun = true
    await line(['id', ...fields.keys()].map(quoted))
  }
  return {
    async write(row) {
      if (!begun) await begin()
      const cells = [...fields].map(([name, field]) => cellOf(field, row[name]))
      await line([quoted(String(row.id)), ...cells])
    },
    async close() {
      if (!begun) await begin()
      await text.flush()
      await close()
    },
  }
}

function cellOf(field: Field, value: unknown): string {
  if (value === undefined) return ''
  if (field.kind === 'vector') return quoted(vectorText(value as Float32Array))
  if (field.kind === 'json' || field.many) return quoted(JSON.stringify(value))
  if (typeof value === 'string') return quoted(value)
  return value instanceof Date ? value.toISOString() : String(value)
}

/** Text always has quotes, so that an empty one differs from none. */
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
