import type { JSX } from 'preact'

export interface Figure {
  readonly label: string
  readonly value: string
  readonly unit?: string | undefined
}

/** A few numbers that say how it is. */
export function Figures({ of }: { readonly of: readonly Figure[] }): JSX.Element {
  return (
    <dl class="figures">
      {of.map(({ label, value, unit }) => (
        <div key={label} class="figure">
          <dt>{label}</dt>
          <dd>
            {value}
            {unit && <small>{unit}</small>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** How much of something is done, or is as it should be. */
export function Meter({
  label,
  share,
  kind = '',
}: {
  label: string
  share: number
  kind?: string
}): JSX.Element {
  const percent = Math.round(share * 1000) / 10
  return (
    <div class={`progress ${kind}`} role="progressbar" aria-label={label} aria-valuenow={percent}>
      <div style={{ width: `${percent}%` }} />
    </div>
  )
}
