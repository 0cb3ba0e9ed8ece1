import type { OmenError, OmenErrorCode } from '@omen/core'

const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 5_000
/** A server that asks for more patience than this is given up. */
const MAX_RETRY_AFTER_MS = 60_000

/** Failures after which the same request may succeed: the server is busy or is about to start again, or was not reached. */
const PASSING: ReadonlySet<OmenErrorCode> = new Set([
  'too_many_requests',
  'overloaded',
  'closed',
  'io',
  'unknown_outcome',
])

/** Whether trying again may help. `status` is of a reply: an error without one is of the connection. */
export function mayPass(
  failure: OmenError & { readonly status?: number; readonly retryAfterMs?: number },
): boolean {
  if (!PASSING.has(failure.code) || (failure.retryAfterMs ?? 0) > MAX_RETRY_AFTER_MS) return false
  // `io` and `unknown_outcome` that a server answers are its own: its disk will not be better in a moment.
  return failure.status === undefined || (failure.code !== 'io' && failure.code !== 'unknown_outcome')
}

/**
 * Milliseconds to wait before the next try: twice as long each time, spread so that clients do not come back all at once, and
 * never less than the server asks for.
 *
 * @param tries that were made before the last one
 */
export function delayBefore(tries: number, retryAfterMs = 0, random: () => number = Math.random): number {
  const backoff = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries)
  return Math.max(retryAfterMs, backoff / 2) + (random() * backoff) / 2
}

/** Waits. Rejects when the signal fires. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const ended = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', ended)
      resolve()
    }, ms)
    signal?.addEventListener('abort', ended, { once: true })
  })
}
