import { OmenError, type OmenErrorCode } from '@omen/core'
import { isPlainObject } from '@omen/schema/check'
import { STATUS_OF } from './status.ts'

/** What the body of every reply that is no success says, and the last item of a stream that failed. */
export interface ErrorBody {
  readonly error: { readonly code: OmenErrorCode; readonly message: string; readonly requestId: string }
}

/** The error that a body tells; undefined for a body that is none. A code that is not known here is `internal`. */
export function errorOf(body: unknown): OmenError | undefined {
  if (!isPlainObject(body) || !isPlainObject(body.error)) return undefined
  const { code, message, requestId } = body.error
  if (typeof code !== 'string' || typeof message !== 'string') return undefined
  const known = Object.hasOwn(STATUS_OF, code) ? (code as OmenErrorCode) : 'internal'
  return new OmenError(known, message, requestId === undefined ? {} : { cause: { requestId } })
}
