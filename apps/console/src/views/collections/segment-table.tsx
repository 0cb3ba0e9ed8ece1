import type { SegmentInfo } from '@omen/client'
import type { JSX } from 'preact'
import { Meter } from '../../components/figures.tsx'
import { bytes as bytesText, count, percent } from '../../format.ts'
import { linkedShare } from './health.ts'

const KINDS: Readonly<Record<SegmentInfo['state'], string>> = { active: 'accent', full: 'warn', sealed: '' }

/** Every segment of a collection: its state, its rows, and how many of its vectors graphs find. */
export function SegmentTable({ segments }: { readonly segments: readonly SegmentInfo[] }): JSX.Element {
  const fields = [...new Set(segments.flatMap((segment) => Object.keys(segment.fields)))]
  if (segments.length === 0) return <p class="faint">No segment yet: the first row makes one.</p>
  return (
    <div class="table-scroll">
      <table class="table">
        <thead>
          <tr>
            <th>Segment</th>
            <th>State</th>
            <th class="number">Rows</th>
            <th class="number">Deleted</th>
            <th class="number">Bytes</th>
            {fields.map((field) => (
              <th key={field} class="linked-column">
                Linked: {field}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {segments.map((segment) => (
            <tr key={segment.id}>
              <td class="mono">{segment.id}</td>
              <td>
                <span class={`badge ${KINDS[segment.state]}`}>{segment.state}</span>{' '}
                {segment.damaged.map((file) => (
                  <span key={file} class="badge bad">
                    damaged: {file}
                  </span>
                ))}
              </td>
              <td class="number">{count(segment.rows)}</td>
              <td class="number">{count(segment.deleted)}</td>
              <td class="number">{bytesText(segment.bytes.total)}</td>
              {fields.map((field) => (
                <LinkedCell key={field} field={field} share={linkedShare([segment], field)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function LinkedCell({ field, share }: { readonly field: string; readonly share: number }): JSX.Element {
  return (
    <td>
      <div class="linked">
        <Meter label={`Linked share of ${field}`} share={share} kind={share > 0.99 ? 'good' : 'warn'} />
        <span class="small soft">{percent(share)}</span>
      </div>
    </td>
  )
}
