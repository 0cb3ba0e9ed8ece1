import type { Signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useId } from 'preact/hooks'

interface LabelledProps {
  readonly label: string
  readonly note?: ComponentChildren
  /** The input, told its id. */
  readonly children: (id: string) => ComponentChildren
}

/** What makes an input show a signal and change it. */
export function boundTo<T>(signal: Signal<T>): {
  readonly value: T
  readonly onChange: (value: T) => void
} {
  return {
    value: signal.value,
    onChange: (value) => {
      signal.value = value
    },
  }
}

/** An input with its label above it. */
export function Labelled({ label, note, children }: LabelledProps): JSX.Element {
  const id = useId()
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {children(id)}
      {note && <span class="field-note">{note}</span>}
    </div>
  )
}

interface TextInputProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly note?: ComponentChildren
  readonly type?: 'text' | 'password' | 'number' | 'date' | 'datetime-local' | 'search'
  readonly placeholder?: string
  readonly list?: readonly string[] | undefined
  readonly required?: boolean
}

export function TextInput(props: TextInputProps): JSX.Element {
  const { label, value, onChange, note, list, type = 'text', placeholder = '', required = false } = props
  return (
    <Labelled label={label} note={note}>
      {(id) => (
        <>
          <input
            id={id}
            class="input"
            autocomplete="off"
            spellcheck={false}
            value={value}
            // Inputs of dates take no lists, which the types of elements know.
            {...{ type: type as 'text', list: list && `${id}-list` }}
            placeholder={placeholder}
            required={required}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
          {list && (
            <datalist id={`${id}-list`}>
              {list.map((each) => (
                <option key={each} value={each} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Labelled>
  )
}

interface SelectProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly (readonly [value: T, says: string])[]
  readonly onChange: (value: T) => void
  readonly note?: ComponentChildren
}

export function Select<T extends string>({
  label,
  value,
  options,
  onChange,
  note,
}: SelectProps<T>): JSX.Element {
  return (
    <Labelled label={label} note={note}>
      {(id) => (
        <select
          id={id}
          class="input"
          value={value}
          onChange={(event) => onChange(event.currentTarget.value as T)}
        >
          {options.map(([option, says]) => (
            <option key={option} value={option} selected={option === value}>
              {says}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  )
}

interface CheckProps {
  readonly label: string
  readonly value: boolean
  readonly onChange: (value: boolean) => void
}

export function Check({ label, value, onChange }: CheckProps): JSX.Element {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  )
}
