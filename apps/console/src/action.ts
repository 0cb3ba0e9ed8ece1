import type { OmenError } from '@omen/client'
import { type Signal, useSignal } from '@preact/signals'
import { asOmenError } from './api/session.ts'

/** Something that is done when it is asked for: whether it is under way, and why it failed. */
export interface Action {
  readonly run: () => void
  readonly busy: Signal<boolean>
  readonly error: Signal<OmenError | undefined>
}

/** Does one thing at a time, and keeps how it went. */
export function useAction(work: () => Promise<void>): Action {
  const busy = useSignal(false)
  const error = useSignal<OmenError | undefined>(undefined)
  const run = (): void => {
    if (busy.value) return
    busy.value = true
    error.value = undefined
    work()
      .catch((reason: unknown) => {
        error.value = asOmenError(reason)
      })
      .finally(() => {
        busy.value = false
      })
  }
  return { run, busy, error }
}
