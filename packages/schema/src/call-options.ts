import { OmenError } from '@omen/core'

/** How a call ends early: with the error `aborted`, and without an effect where none is promised otherwise. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which it is as if the signal had fired. */
  readonly timeoutMs?: number | undefined
}

/**
 * One signal out of both ways to end a call; undefined when neither is used.
 *
 * @throws OmenError `invalid_argument`
 */
export function signalOf({ signal, timeoutMs }: CallOptions): AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new OmenError('invalid_argument', 'signal must be an AbortSignal')
  }
  if (timeoutMs === undefined) return signal
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) {
    throw new OmenError('invalid_argument', `timeoutMs must be above 0, got ${String(timeoutMs)}`)
  }
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs))
  return signal ? AbortSignal.any([signal, timeout]) : timeout
}

/** @throws OmenError `invalid_argument` naming the first option that is not known */
export function checkOptionNames(call: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new OmenError('invalid_argument', `${call} takes an object of options, got ${String(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new OmenError(
      'invalid_argument',
      `unknown option ${name} of ${call}: there are ${known.join(', ')}`,
    )
  }
}
