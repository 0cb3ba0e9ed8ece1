import type { JSX } from 'preact'
import { count } from '../../format.ts'
import type { Atlas } from './atlas.ts'

/** What the colours mean; a click on a category hides its points, or shows them again. */
export function LegendPanel({ atlas }: { readonly atlas: Atlas }): JSX.Element | null {
  const { legend } = atlas.colouring.value
  const { value: hidden } = atlas.hidden
  if (legend.kind === 'none' || !atlas.points.value) return null
  if (legend.kind === 'range') {
    return (
      <section class="legend" aria-label="Colours">
        <h3>{atlas.colourField.value}</h3>
        <div class="ramp" />
        <div class="cluster spread small">
          <span>{legend.low}</span>
          <span>{legend.high}</span>
        </div>
      </section>
    )
  }
  const toggle = (name: string): void => {
    const next = new Set(hidden)
    if (!next.delete(name)) next.add(name)
    atlas.hidden.value = next
  }
  return (
    <section class="legend" aria-label="Colours">
      <h3>{atlas.colourField.value}</h3>
      <ul>
        {legend.categories.map(({ name, points, property }) => (
          <li key={name}>
            <button type="button" aria-pressed={!hidden.has(name)} onClick={() => toggle(name)}>
              <span class="swatch" style={{ background: `var(${property})` }} />
              <span class="legend-name">{name}</span>
              <span class="faint">{count(points)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
