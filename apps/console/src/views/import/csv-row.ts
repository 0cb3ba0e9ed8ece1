import type { Field, Schema } from '@omen/client'

/**
 * The row that cells of a table stand for: each as its column's field has it. An empty cell is a field that is not there;
 * several values, and vectors, stand as JSON or between semicolons. What does not fit stays text: the server then says what is
 * wrong with it.
 */
export function csvRow(
  columns: readonly string[],
  cells: readonly string[],
  schema: Schema,
): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [i, column] of columns.entries()) {
    const cell = cells[i]?.trim() ?? ''
    if (cell !== '') row[column] = cellValue(cell, schema[column])
  }
  return row
}

function cellValue(cell: string, field: Field | undefined): unknown {
  if (!field) return cell
  if (field.kind === 'json') return parsed(cell)
  if (field.kind !== 'vector' && !field.many) return single(cell, field.kind)
  if (cell.startsWith('[')) return parsed(cell)
  const kind = field.kind === 'vector' ? 'number' : field.kind
  const separator = field.kind === 'vector' ? /[;,\s]+/ : ';'
  return cell.split(separator).map((each) => single(each.trim(), kind))
}

function single(cell: string, kind: string): unknown {
  if (kind === 'integer' || kind === 'number') return Number.isNaN(Number(cell)) ? cell : Number(cell)
  if (kind === 'boolean') {
    if (/^(true|yes|1)$/i.test(cell)) return true
    return /^(false|no|0)$/i.test(cell) ? false : cell
  }
  return cell
}

function parsed(cell: string): unknown {
  try {
    return JSON.parse(cell) as unknown
  } catch {
    return cell
  }
}
