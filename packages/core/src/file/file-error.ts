import { OmenError, type OmenErrorCode } from '../errors.ts'

const CODES: Readonly<Record<string, OmenErrorCode>> = {
  ENOENT: 'not_found',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EBADF: 'closed',
}

/** The error for a call to the file system that failed while doing `what` to the file. */
export function fileError(error: unknown, what: string, path: string): OmenError {
  if (error instanceof OmenError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const found = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  return new OmenError(found ?? 'io', `could not ${what} ${path}${code && `: ${code}`}`, { cause: error })
}

/** The error for a file whose bytes are not those that were written. */
export function corruptFile(path: string, offset: number, why: string, cause?: unknown): OmenError {
  return new OmenError('corrupt_index', `${path} is damaged at byte ${offset}: ${why}`, { cause })
}
