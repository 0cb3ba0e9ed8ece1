import type { OmenErrorCode } from '@omen/core'

/** The HTTP status of each error: the one table. */
export const STATUS_OF: Readonly<Record<OmenErrorCode, number>> = {
  invalid_argument: 400,
  dimension_mismatch: 400,
  not_finite: 400,
  zero_vector: 400,
  out_of_range: 400,
  unknown_metric: 400,
  unknown_quantizer: 400,
  unknown_field: 400,
  not_tuned: 400,
  unsupported: 400,
  unauthenticated: 401,
  forbidden: 403,
  read_only: 403,
  not_found: 404,
  unknown_row: 404,
  conflict: 409,
  already_exists: 409,
  schema_mismatch: 409,
  position_gone: 410,
  too_large: 413,
  too_many_requests: 429,
  aborted: 499,
  internal: 500,
  io: 500,
  unknown_outcome: 500,
  corrupt_index: 500,
  corrupt_segment: 500,
  corrupt_dataset: 500,
  corrupt_log: 500,
  corrupt_database: 500,
  checksum_mismatch: 500,
  stale: 503,
  locked: 503,
  closed: 503,
  full: 503,
  overloaded: 503,
  timeout: 504,
  disk_full: 507,
}

/** What a reply means that does not say its code: one of something between the server and here, such as a proxy. */
export function codeOfStatus(status: number): OmenErrorCode {
  switch (status) {
    case 401:
      return 'unauthenticated'
    case 403:
      return 'forbidden'
    case 404:
      return 'not_found'
    case 408:
    case 504:
      return 'timeout'
    case 409:
      return 'conflict'
    case 413:
      return 'too_large'
    case 429:
      return 'too_many_requests'
    case 502:
    case 503:
      return 'overloaded'
    default:
      return status >= 400 && status < 500 ? 'invalid_argument' : 'internal'
  }
}
