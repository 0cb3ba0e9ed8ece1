import type { SegmentExplanation } from '@omen/client'
import type { JSX } from 'preact'
import { count, duration, percent, plural } from '../../format.ts'
import { stepsOf } from './plan-steps.ts'
import type { Answer } from './playground.ts'

/** How an answer was found, segment by segment, in words. */
export function Plan({ answer }: { readonly answer: Answer }): JSX.Element | null {
  const { explanation, hits } = answer.reply
  if (!explanation) return null
  const { segments, timeMs } = explanation
  const compared = segments.reduce((sum, segment) => sum + comparedIn(segment), 0)
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0)
  return (
    <section class="card plan" aria-label="How the answer was found">
      <div class="plan-head">
        <p>
          <strong>{duration(timeMs)}</strong> in the database
        </p>
        <p>
          <strong>{duration(answer.roundTripMs)}</strong> with the way here
        </p>
        <p>
          <strong>{count(compared)}</strong> of {plural(rows, 'row')} compared
          {rows > 0 && ` (${percent(Math.min(1, compared / rows))})`}
        </p>
        <p>
          <strong>{count(hits.length)}</strong> {hits.length === 1 ? 'hit' : 'hits'}
        </p>
      </div>
      <ol class="plan-segments">
        {segments.map((segment) => (
          <li key={segment.segment}>
            <div class="plan-segment">
              <span class={segment.strategy === 'graph' ? 'badge accent' : 'badge'}>{segment.strategy}</span>
              <span class="small">
                Segment <span class="mono">{segment.segment}</span>, {plural(segment.rows, 'row')}
              </span>
              <Funnel of={segment} />
            </div>
            <ol class="plan-steps small soft">
              {stepsOf(segment).map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
          </li>
        ))}
      </ol>
    </section>
  )
}

const comparedIn = ({ walk, scanned, strategy, matches }: SegmentExplanation): number =>
  strategy === 'scan' ? matches : Math.round(walk?.distances ?? 0) + scanned

/** Rows, those that match, those compared: each as a share of the first, on a scale of powers. */
function Funnel({ of }: { readonly of: SegmentExplanation }): JSX.Element {
  const share = (rows: number): string =>
    `${rows < 1 ? 0 : Math.max(2, (100 * Math.log(1 + rows)) / Math.log(1 + of.rows))}%`
  return (
    <div class="funnel" aria-hidden="true">
      <div style={{ width: share(of.matches) }} />
      <div style={{ width: share(Math.min(of.rows, comparedIn(of))) }} />
    </div>
  )
}
