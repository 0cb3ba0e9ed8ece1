import { OmenError, type OmenErrorCode } from '@omen/core'
import { type ErrorBody, STATUS_OF } from '@omen/wire'
import type { FastifyError } from 'fastify'

/** An error with what HTTP says beside it. */
export class HttpError extends OmenError {
  readonly status: number
  readonly retryAfterSeconds: number | undefined

  /** @param options.status that of the code when left out */
  constructor(
    code: OmenErrorCode,
    message: string,
    options: { status?: number; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(code, message, { cause: options.cause })
    this.status = options.status ?? STATUS_OF[code]
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** What Fastify and Node say by codes of their own, which they may refuse a request with before we see it. */
const OF_FASTIFY: Readonly<Record<string, readonly [OmenErrorCode, number, string]>> = {
  FST_ERR_BAD_URL: ['invalid_argument', 400, 'the address is no valid URL'],
  FST_ERR_NOT_FOUND: ['not_found', 404, 'there is nothing at this address'],
  ERR_STREAM_PREMATURE_CLOSE: ['aborted', 499, 'the client went away'],
  ECONNRESET: ['aborted', 499, 'the client went away'],
  ECONNABORTED: ['aborted', 499, 'the client went away'],
}

/** Brings whatever was thrown to an error that can be told; undefined for a bug, whose words stay inside. */
export function toldError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error
  if (error instanceof OmenError) {
    // Whoever ended the work said why.
    if (error.code === 'aborted' && error.cause instanceof HttpError) return error.cause
    const options = STATUS_OF[error.code] === 503 ? { retryAfterSeconds: 1 } : {}
    return new HttpError(error.code, error.message, { ...options, cause: error })
  }
  const { code, statusCode, message } = (error ?? {}) as Partial<FastifyError>
  const [known, status, says] = OF_FASTIFY[code ?? ''] ?? []
  if (known !== undefined && status !== undefined && says !== undefined) {
    return new HttpError(known, says, { status, cause: error })
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new HttpError('invalid_argument', message ?? 'the request cannot be read', {
      status: statusCode,
      cause: error,
    })
  }
  return undefined
}

/** The body that tells an error. */
export function errorBody(error: HttpError | undefined, requestId: string): ErrorBody {
  const { code, message } = error ?? {
    code: 'internal' as const,
    message: 'the server failed; its log says more under this request id',
  }
  return { error: { code, message, requestId } }
}
