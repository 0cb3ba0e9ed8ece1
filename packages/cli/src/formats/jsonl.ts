import type { Field } from '@omen/schema'
import { openBytes } from './bytes-of-file.ts'
import { linesOf } from './lines.ts'
import type { BadRecord, RecordSource, RowWriter, SourceRecord } from './record.ts'
import { TextPieces } from './text-pieces.ts'
import { vectorText } from './vector-text.ts'

/**
 * Opens a file with one JSON object a line.
 *
 * @param path `-` for standard input
 * @throws OmenError `not_found`, `invalid_argument`
 */
export function openJsonl(path: string): RecordSource {
  const { stream, sizeBytes, close } = openBytes(path)
  let done = 0
  async function* read(after: number): AsyncGenerator<SourceRecord | BadRecord, void, undefined> {
    for await (const { number, bytes } of linesOf(stream, (size) => (done += size))) {
      if (number > after && bytes.length > 0) yield recordOf(number, bytes)
    }
  }
  return {
    ...{ unit: 'line', text: false, total: sizeBytes, vectorColumns: [] },
    done: () => done,
    read,
    close: async () => close(),
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function recordOf(line: number, bytes: Buffer): SourceRecord | BadRecord {
  try {
    const values: unknown = JSON.parse(utf8.decode(bytes))
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) {
      return { line, position: line, values: values as Record<string, unknown> }
    }
    return bad(line, bytes, 'it is JSON, but no object')
  } catch (error) {
    return bad(line, bytes, error instanceof SyntaxError ? error.message : 'it is not UTF-8')
  }
}

function bad(line: number, bytes: Buffer, reason: string): BadRecord {
  return { line, position: line, reason, text: bytes.toString('utf8') }
}

/** Writes rows as JSON, one a line. */
export function jsonlWriter(
  fields: ReadonlyMap<string, Field>,
  put: (text: string) => Promise<void>,
  close: () => Promise<void>,
): RowWriter {
  const text = new TextPieces(put)
  return {
    write: (row) => text.add(`${rowText(fields, row)}\n`),
    async close() {
      await text.flush()
      await close()
    },
  }
}

/** A row as JSON: vectors in few digits that give the same floats, dates in ISO 8601. */
function rowText(fields: ReadonlyMap<string, Field>, row: Readonly<Record<string, unknown>>): string {
  const parts = [`"id":${JSON.stringify(row.id)}`]
  for (const [name, field] of fields) {
    const value = row[name]
    if (value === undefined) continue
    const text = field.kind === 'vector' ? vectorText(value as Float32Array) : JSON.stringify(value)
    parts.push(`${JSON.stringify(name)}:${text}`)
  }
  return `{${parts.join(',')}}`
}
