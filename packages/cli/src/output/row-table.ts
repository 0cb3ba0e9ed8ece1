import { styleText } from 'node:util'
import { type Column, table } from '../terminal/table.ts'

/** Characters of a cell: what is longer is cut. */
const MOST_CHARACTERS = 60
/** Components of a vector that are shown. */
const MOST_COMPONENTS = 4

/** Rows as a table, a column for each field that some row has. */
export function rowTable(rows: readonly Readonly<Record<string, unknown>>[]): string {
  if (rows.length === 0) return styleText('dim', '  no rows')
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const columns: Column[] = names.map((title) => ({
    title,
    align: rows.every((row) => row[title] === undefined || typeof row[title] === 'number') ? 'right' : 'left',
  }))
  return table(
    columns,
    rows.map((row) => names.map((name) => cellText(name, row[name]))),
  )
}

function cellText(name: string, value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'number')
    return name === 'score' || name === 'distance' ? value.toFixed(4) : String(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Float32Array) return vectorText(value)
  // A control character in a row must not steer the terminal.
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/\p{Cc}+/gu, ' ')
  const characters = Array.from(text)
  return characters.length > MOST_CHARACTERS ? `${characters.slice(0, MOST_CHARACTERS - 1).join('')}…` : text
}

function vectorText(vector: Float32Array): string {
  const first = Array.from(vector.subarray(0, MOST_COMPONENTS), (x) => x.toPrecision(3)).join(', ')
  return `[${first}${vector.length > MOST_COMPONENTS ? `, … ${vector.length} numbers` : ''}]`
}
