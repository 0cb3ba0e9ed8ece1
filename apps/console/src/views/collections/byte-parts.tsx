import type { JSX } from 'preact'
import { bytes as bytesText, percent } from '../../format.ts'
import { largestParts } from './health.ts'

const COLOURS = 7

/** What the bytes of a collection are spent on, as one bar and its legend. */
export function ByteParts({ bytes }: { readonly bytes: Readonly<Record<string, number>> }): JSX.Element {
  const parts = largestParts(bytes, COLOURS)
  const total = parts.reduce((sum, { size }) => sum + size, 0)
  if (total === 0) return <p class="faint">Nothing is held yet.</p>
  return (
    <div class="stack">
      <div class="parts-bar" aria-hidden="true">
        {parts.map(({ name, size }, i) => (
          <div
            key={name}
            style={{ flexGrow: size / total, background: `var(--part-${i + 1})` }}
            title={name}
          />
        ))}
      </div>
      <table class="table parts-legend">
        <thead class="visually-hidden">
          <tr>
            <th>Part</th>
            <th>Size</th>
            <th>Share</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ name, size }, i) => (
            <tr key={name}>
              <td>
                <span class="swatch" style={{ background: `var(--part-${i + 1})` }} /> {name}
              </td>
              <td class="number">{bytesText(size)}</td>
              <td class="number faint">{percent(size / total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
