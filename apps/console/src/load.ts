import type { OmenError } from '@omen/client'
import { type Signal, useSignal } from '@preact/signals'
import { useCallback, useEffect } from 'preact/hooks'
import { asOmenError } from './api/session.ts'

/** What comes from the server: on its way, there, or failed. What was there stays until something newer is. */
export interface Loaded<T> {
  readonly value: Signal<T | undefined>
  readonly error: Signal<OmenError | undefined>
  readonly busy: Signal<boolean>
  readonly reload: () => void
}

/** Loads something when the component appears, and again when what it depends on changes. */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  dependsOn: readonly unknown[],
): Loaded<T> {
  const value = useSignal<T | undefined>(undefined)
  const error = useSignal<OmenError | undefined>(undefined)
  const busy = useSignal(true)
  const run = useCallback(() => {
    const stop = new AbortController()
    busy.value = true
    load(stop.signal)
      .then((loaded) => {
        if (stop.signal.aborted) return
        value.value = loaded
        error.value = undefined
      })
      .catch((reason: unknown) => {
        if (!stop.signal.aborted) error.value = asOmenError(reason)
      })
      .finally(() => {
        if (!stop.signal.aborted) busy.value = false
      })
    return () => stop.abort()
  }, dependsOn)
  useEffect(run, dependsOn)
  return { value, error, busy, reload: run }
}
