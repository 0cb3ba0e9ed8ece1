import type { OmenError } from '@omen/client'
import { type Signal, signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import type { Loaded } from '../load.ts'
import { Button } from './button.tsx'

/** What went wrong, in the words of the server. */
export function Failure({ error }: { readonly error: OmenError }): JSX.Element {
  return (
    <div class="notice bad" role="alert">
      <span>
        <strong class="mono">{error.code}</strong> {error.message}
      </span>
    </div>
  )
}

interface LoadingProps<T> {
  readonly of: Loaded<T>
  readonly children: (value: T) => ComponentChildren
}

/** What was loaded, or that it is on its way, or why it is not there. */
export function Loading<T>({ of, children }: LoadingProps<T>): JSX.Element {
  const { value, error, reload } = of
  return (
    <>
      {error.value && (
        <div class="stack">
          <Failure error={error.value} />
          <div>
            <Button icon="refresh" onClick={reload}>
              Try again
            </Button>
          </div>
        </div>
      )}
      {value.value !== undefined && children(value.value)}
      {value.value === undefined && !error.value && (
        <p class="cluster soft" role="status">
          <span class="spinner" /> Loading
        </p>
      )}
    </>
  )
}

interface Toast {
  readonly id: number
  readonly kind: 'good' | 'bad'
  readonly text: string
}

const SHOWN_MS = 6000
const toasts: Signal<readonly Toast[]> = signal([])
let last = 0

/** Says something in the corner for a while. */
export function announce(kind: Toast['kind'], text: string): void {
  last++
  const toast = { id: last, kind, text }
  toasts.value = [...toasts.value, toast]
  setTimeout(() => {
    toasts.value = toasts.value.filter((each) => each !== toast)
  }, SHOWN_MS)
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, kind, text }) => (
        <div key={id} class={`notice ${kind}`}>
          {text}
        </div>
      ))}
    </div>
  )
}
