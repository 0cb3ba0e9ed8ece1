import type { JSX } from 'preact'
import { Button } from '../../components/button.tsx'
import { Meter } from '../../components/figures.tsx'
import { Failure } from '../../components/notice.tsx'
import { bytes, count, plural, short } from '../../format.ts'
import type { BadRow, Importing } from './importing.ts'

const SAYS = { running: 'on its way', done: 'done', stopped: 'stopped', failed: 'failed' } as const
const KINDS = { running: 'accent', done: 'good', stopped: 'warn', failed: 'bad' } as const

/** How far a file has come, and which of its rows were refused. */
export function ImportProgress({ of: importing }: { readonly of: Importing }): JSX.Element {
  const { file, state, written, replaced, bad, error } = importing
  const share = file.size === 0 ? 1 : importing.bytesRead.value / file.size
  return (
    <section class="card stack" aria-label={`Import of ${file.name}`}>
      <div class="cluster spread">
        <div class="cluster">
          <strong>{file.name}</strong>
          <span class="faint small">{bytes(file.size)}</span>
          <span class={`badge ${KINDS[state.value]}`}>{SAYS[state.value]}</span>
        </div>
        {state.value === 'running' && <Button onClick={() => importing.stop()}>Stop</Button>}
      </div>
      <Meter
        label={`Read of ${file.name}`}
        share={Math.min(1, share)}
        kind={state.value === 'done' ? 'good' : ''}
      />
      <p class="small soft" role="status">
        <strong>{count(written.value)}</strong> rows written
        {replaced.value > 0 && `, ${count(replaced.value)} of them in place of others`}
        {state.value === 'running' && `, ${short(importing.rowsPerSecond)} a second`}
        {bad.value.length > 0 && `, ${count(bad.value.length)} set aside`}
      </p>
      {error.value && <Failure error={error.value} />}
      {bad.value.length > 0 && <BadRows rows={bad.value} fileName={file.name} />}
    </section>
  )
}

const SHOWN = 100

function BadRows({
  rows,
  fileName,
}: {
  readonly rows: readonly BadRow[]
  readonly fileName: string
}): JSX.Element {
  return (
    <details open class="bad-rows">
      <summary>{plural(rows.length, 'row')} could not be written</summary>
      <div class="stack">
        <div class="table-scroll">
          <table class="table">
            <thead>
              <tr>
                <th class="number">Line</th>
                <th>Reason</th>
                <th>Row</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, SHOWN).map(({ line, code, message, text }) => (
                <tr key={line}>
                  <td class="number">{count(line)}</td>
                  <td>
                    <span class="badge bad">{code}</span> {message}
                  </td>
                  <td class="mono faint bad-text">{text.slice(0, 120)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {rows.length > SHOWN && <p class="small faint">The first {SHOWN} are shown.</p>}
        <div>
          <Button icon="import" onClick={() => save(`${fileName}.rejected.jsonl`, rows)}>
            Save these rows
          </Button>
        </div>
      </div>
    </details>
  )
}

/** Gives the rows back as a file, to be mended and dropped again. */
function save(name: string, rows: readonly BadRow[]): void {
  const blob = new Blob([`${rows.map(({ text }) => text).join('\n')}\n`], { type: 'application/x-ndjson' })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
