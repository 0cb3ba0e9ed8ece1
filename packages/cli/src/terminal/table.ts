import { stripVTControlCharacters, styleText } from 'node:util'

/** A column of a table for the terminal. */
export interface Column {
  readonly title: string
  /** Numbers stand to the right. */
  readonly align?: 'left' | 'right'
}

/** Lays out a table for the terminal; cells may carry colours. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))),
  )
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align = 'right' }, i) => {
        const cell = cells[i] ?? ''
        const gap = ' '.repeat((widths[i] ?? 0) - width(cell))
        return align === 'right' ? gap + cell : cell + gap
      })
      .join('   ')
      .trimEnd()
  const head = styleText('dim', line(columns.map(({ title }) => title)))
  return [head, ...rows.map(line)].map((text) => `  ${text}`).join('\n')
}

function width(text: string): number {
  return stripVTControlCharacters(text).length
}
