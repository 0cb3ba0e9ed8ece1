import type { DatabaseStats, Verification } from '@omen/client'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useAction } from '../../action.ts'
import { database, info, whyNot } from '../../api/session.ts'
import { Button } from '../../components/button.tsx'
import { Figures } from '../../components/figures.tsx'
import { Failure, Loading } from '../../components/notice.tsx'
import { bytesParts, count, plural } from '../../format.ts'
import { useLoaded } from '../../load.ts'

/** The database as a whole: its size, what keeps it from working, and whether its files are as they were written. */
export function ServerHealth(): JSX.Element | null {
  const reason = whyNot('read')
  if (reason) return <p class="notice">Figures of the whole server are not shown: {reason}</p>
  return <Health />
}

function Health(): JSX.Element {
  const stats = useLoaded(() => database().stats(), [])
  return (
    <section class="stack" aria-label="Health of the database">
      <Loading of={stats}>
        {(value) => (
          <>
            <Figures of={figuresOf(value)} />
            {value.troubles.map((trouble) => (
              <p key={String(trouble)} class="notice bad">
                {String(trouble)}
              </p>
            ))}
            <Verify />
          </>
        )}
      </Loading>
    </section>
  )
}

function figuresOf({
  collections,
  diskBytes,
  log,
}: DatabaseStats): { label: string; value: string; unit?: string }[] {
  const sum = (of: (each: DatabaseStats['collections'][number]) => number): number =>
    collections.reduce((total, each) => total + of(each), 0)
  const [disk, diskUnit] = bytesParts(diskBytes)
  const [memory, memoryUnit] = bytesParts(sum(({ bytes }) => bytes.total))
  return [
    { label: 'Rows', value: count(sum(({ rows }) => rows)) },
    { label: 'On disk', value: disk, unit: diskUnit },
    { label: 'Held by segments', value: memory, unit: memoryUnit },
    { label: 'Segments', value: count(sum(({ segments }) => segments.length)) },
    { label: 'Version', value: count(log.lastVersion) },
    { label: 'Server', value: info.value?.version ?? '' },
  ]
}

function Verify(): JSX.Element {
  const result = useSignal<Verification | undefined>(undefined)
  const { run, busy, error } = useAction(async () => {
    result.value = await database().verify()
  })
  const reason = busy.value ? 'Reading all files' : whyNot('admin')
  return (
    <div class="stack">
      <div class="cluster">
        <Button onClick={run} whyNot={reason}>
          Verify all files
        </Button>
        <span class="small faint">
          {busy.value
            ? 'Reading every byte and checking it…'
            : 'Reads every byte and compares it with its checksum.'}
        </span>
      </div>
      {error.value && <Failure error={error.value} />}
      {result.value && <VerificationResult of={result.value} />}
    </div>
  )
}

function VerificationResult({ of: { problems, rows } }: { readonly of: Verification }): JSX.Element {
  if (problems.length === 0) {
    return (
      <p class="notice good" role="status">
        Everything is as it was written: {plural(rows, 'row')} were read, no problem found.
      </p>
    )
  }
  return (
    <div class="notice bad" role="alert">
      <ul>
        {problems.map(({ where, what }) => (
          <li key={where + what}>
            <strong class="mono">{where}</strong> {what}
          </li>
        ))}
      </ul>
    </div>
  )
}
