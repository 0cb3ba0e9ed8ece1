import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { OmenError } from '@omen/core'
import { BEGINNING, recordOf } from './chain.ts'

/** What a check of an audit log found. */
export interface AuditVerification {
  /** Lines that are as they were written, from the first on. */
  readonly records: number
  /**
   * The hash of the last of them. Whoever keeps it elsewhere can tell when lines are cut off at the end, which the file alone
   * cannot show.
   */
  readonly lastHash: string
  /** The first line that is not as it was written. */
  readonly problem?: { readonly line: number; readonly why: string }
}

/**
 * Checks that no line of an audit log was changed, added, moved or taken out.
 *
 * @throws OmenError `io`
 */
export async function verifyAudit(file: string): Promise<AuditVerification> {
  let records = 0
  let lastHash = BEGINNING
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      try {
        lastHash = recordOf(line, records + 1, lastHash).hash
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        return { records, lastHash, problem: { line: records + 1, why } }
      }
      records++
    }
  } catch (cause) {
    throw new OmenError('io', `cannot read ${file}`, { cause })
  }
  return { records, lastHash }
}
