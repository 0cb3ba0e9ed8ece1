import type { ComponentChildren, JSX } from 'preact'
import { useId } from 'preact/hooks'
import { Icon, type IconName } from './icon.tsx'

interface ButtonProps {
  readonly onClick?: () => void
  readonly kind?: 'primary' | 'danger' | 'quiet' | undefined
  readonly icon?: IconName | undefined
  /** Why it cannot be used now: then it stays reachable, and says so. */
  readonly whyNot?: string | undefined
  /** What a button that is only a drawing does. */
  readonly label?: string
  readonly submit?: boolean
  readonly children?: ComponentChildren
}

export function Button({ onClick, kind, icon, whyNot, label, submit, children }: ButtonProps): JSX.Element {
  const hint = useId()
  const says = whyNot ?? (children === undefined ? label : undefined)
  const button = (
    <button
      type={submit ? 'submit' : 'button'}
      class={['button', kind ?? '', children === undefined ? 'icon' : ''].join(' ')}
      aria-disabled={whyNot !== undefined}
      aria-describedby={whyNot === undefined ? undefined : hint}
      aria-label={label}
      onClick={(event) => {
        if (whyNot !== undefined) event.preventDefault()
        else onClick?.()
      }}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
  if (says === undefined) return button
  return (
    <span class="hint-host">
      {button}
      <span class="hint" id={hint} role="tooltip">
        {says}
      </span>
    </span>
  )
}

interface SegmentedProps<T extends string> {
  readonly label: string
  readonly options: readonly (readonly [value: T, says: ComponentChildren])[]
  readonly value: T
  readonly onChange: (value: T) => void
}

/** A choice of few, all of them to be seen. */
export function Segmented<T extends string>({
  label,
  options,
  value,
  onChange,
}: SegmentedProps<T>): JSX.Element {
  return (
    <fieldset class="segmented" aria-label={label}>
      {options.map(([option, says]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {says}
        </button>
      ))}
    </fieldset>
  )
}
