import type { JSX } from 'preact'
import type { Row } from '../../api/rows.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { valueText } from '../../format.ts'
import { addressOf } from '../../routing.ts'
import type { Atlas } from './atlas.ts'

/** The row that was picked, and the rows nearest to it. */
export function PickedRow({ atlas }: { readonly atlas: Atlas }): JSX.Element | null {
  const row = atlas.picked.value
  if (!row) return null
  return (
    <aside class="card picked" aria-label={`The row ${row.id}`}>
      <div class="cluster spread">
        <h2 class="mono picked-id">{row.id}</h2>
        <Button kind="quiet" icon="close" label="Close" onClick={() => atlas.unpick()} />
      </div>
      <dl class="facts">
        {Object.entries(row)
          .filter(([name]) => name !== 'id')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{valueText(value)}</dd>
            </div>
          ))}
      </dl>
      <a class="button" href={addressOf('search', atlas.collection.name, { row: row.id })}>
        <Icon name="search" /> Search from here
      </a>
      <h3>Nearest rows</h3>
      <ol class="neighbours">
        {atlas.neighbours.value.map((neighbour) => (
          <li key={neighbour.id}>
            <button type="button" onClick={() => atlas.pick(neighbour.id)}>
              <span class="mono">{neighbour.id}</span>
              <span class="faint">{Number(neighbour.score).toFixed(3)}</span>
              <span class="neighbour-says soft">{describe(neighbour)}</span>
              {atlas.numberOf(neighbour.id) === undefined && <span class="badge">not drawn</span>}
            </button>
          </li>
        ))}
      </ol>
    </aside>
  )
}

const NO_FACTS: readonly string[] = ['id', 'score', 'distance']

/** The longest text of a row, which mostly says best what it is. */
function describe(row: Row): string {
  const texts = Object.entries(row)
    .filter(([name]) => !NO_FACTS.includes(name))
    .map(([, value]) => valueText(value))
  return texts.sort((a, b) => b.length - a.length)[0] ?? ''
}
