import { encodeJson } from '@omen/wire'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { bodyOf, type Hit } from '../../api/rows.ts'
import { Button } from '../../components/button.tsx'
import { Copy } from '../../components/copy.tsx'
import { valueText } from '../../format.ts'
import { addressOf } from '../../routing.ts'
import { type Answer, type Playground, searchFrom } from './playground.ts'

interface ResultsProps {
  readonly playground: Playground
  readonly answer: Answer
}

/** The hits, closest first, with all their fields. */
export function Results({ playground, answer }: ResultsProps): JSX.Element {
  const { schema, name } = playground.collection
  const { hits } = answer.reply
  const texts = Object.keys(schema).filter((field) => schema[field]?.kind === 'text')
  const fields = Object.keys(schema).filter(
    (field) => !['vector', 'text'].includes(schema[field]?.kind ?? ''),
  )
  if (hits.length === 0) return <p class="empty">No row matches the filter.</p>
  const worst = Math.max(...hits.map(({ distance }) => distance))
  const best = Math.min(...hits.map(({ distance }) => distance))
  return (
    <section class="card" aria-label="Hits">
      <div class="cluster spread results-head">
        <h2>Hits</h2>
        <Copy text={() => encodeJson(bodyOf(answer.asked))}>Copy the query</Copy>
      </div>
      <div class="table-scroll">
        <table class="table results">
          <thead>
            <tr>
              <th class="number">#</th>
              <th>Score</th>
              <th>{['Id', ...texts].join(' · ')}</th>
              {fields.map((field) => (
                <th key={field} class={isNumeric(schema[field]?.kind) ? 'number' : ''}>
                  {field}
                </th>
              ))}
              <th>
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {hits.map((hit, i) => (
              <tr key={hit.id}>
                <td class="number faint">{i + 1}</td>
                <td>
                  <Score hit={hit} share={worst === best ? 1 : 1 - (hit.distance - best) / (worst - best)} />
                </td>
                <td class="hit-row">
                  <span class="mono">{hit.id}</span>
                  {texts.map((field) => (
                    <p key={field}>
                      <Value value={hit[field]} />
                    </p>
                  ))}
                </td>
                {fields.map((field) => (
                  <td key={field} class={isNumeric(schema[field]?.kind) ? 'number' : ''}>
                    <Value value={hit[field]} />
                  </td>
                ))}
                <td class="hit-actions">
                  <Button
                    kind="quiet"
                    icon="search"
                    label={`Search from ${hit.id}`}
                    onClick={() => searchFrom(playground, hit)}
                  />
                  <a class="small" href={addressOf('map', name, { row: hit.id })}>
                    map
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const isNumeric = (kind: string | undefined): boolean => kind === 'integer' || kind === 'number'

function Score({ hit, share }: { readonly hit: Hit; readonly share: number }): JSX.Element {
  return (
    <div class="score" title={`distance ${hit.distance}`}>
      <span>{hit.score.toFixed(4)}</span>
      <div class="score-bar" style={{ width: `${6 + 94 * share}%` }} />
    </div>
  )
}

const SHORT_TEXT = 160

/** A value of a field; long ones open on demand. */
function Value({ value }: { readonly value: unknown }): JSX.Element {
  const open = useSignal(false)
  const text = valueText(value)
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) {
    return (
      <span class="cluster value-list">
        {value.map((each) => (
          <span key={each} class="badge">
            {each}
          </span>
        ))}
      </span>
    )
  }
  if (text.length <= SHORT_TEXT) return <span class={value === undefined ? 'faint' : ''}>{text}</span>
  return (
    <>
      {open.value ? text : `${text.slice(0, SHORT_TEXT)}…`}{' '}
      <button
        type="button"
        class="link"
        onClick={() => {
          open.value = !open.value
        }}
      >
        {open.value ? 'less' : 'more'}
      </button>
    </>
  )
}
