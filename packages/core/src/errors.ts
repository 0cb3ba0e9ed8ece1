/** Every reason for which Omen refuses or fails, one word each; the server maps them to HTTP statuses in one table. */
export type OmenErrorCode =
  | 'invalid_argument'
  | 'dimension_mismatch'
  | 'not_finite'
  | 'zero_vector'
  | 'out_of_range'
  | 'unknown_metric'
  | 'unknown_quantizer'
  | 'unknown_row'
  | 'unknown_field'
  | 'not_tuned'
  | 'unsupported'
  | 'corrupt_index'
  | 'corrupt_segment'
  | 'corrupt_dataset'
  | 'corrupt_log'
  | 'corrupt_database'
  | 'conflict'
  | 'unknown_outcome'
  | 'position_gone'
  | 'schema_mismatch'
  | 'stale'
  | 'read_only'
  | 'checksum_mismatch'
  | 'not_found'
  | 'already_exists'
  | 'io'
  | 'locked'
  | 'disk_full'
  | 'aborted'
  | 'closed'
  | 'full'
  | 'unauthenticated'
  | 'forbidden'
  | 'too_large'
  | 'too_many_requests'
  | 'overloaded'
  | 'timeout'
  | 'internal'

/** The one error class of Omen: a stable `code`, a message a person can act on, and the `cause` where there is one. */
export class OmenError extends Error {
  readonly code: OmenErrorCode

  constructor(code: OmenErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'OmenError'
    this.code = code
  }
}

/** Marks the branch that a closed union cannot reach; the compiler refuses a call with anything left over. */
export function unreachable(value: never): never {
  throw new OmenError('invalid_argument', `unexpected value ${String(value)}`)
}

/** Throws `aborted` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OmenError('aborted', 'the operation was aborted', { cause: signal.reason })
}
