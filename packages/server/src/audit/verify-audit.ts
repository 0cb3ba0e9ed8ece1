import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { OmenError } from '@omen/core'
import { BEGINNING, recordOf } from './chain.ts'
import { type AuditFile, auditFilesFrom } from './files.ts'

/** What a check of an audit log found. */
export interface AuditVerification {
  /** Lines that are as they were written, from the first on, in all files together. */
  readonly records: number
  /** The number of the last of them: more than there are where the check began with a later file. */
  readonly last: number
  /**
   * The hash of the last of them. Whoever keeps it elsewhere can tell when lines are cut off at the end, which the files alone
   * cannot show.
   */
  readonly lastHash: string
  /** The first line that is not as it was written. */
  readonly problem?: { readonly file: string; readonly line: number; readonly why: string }
}

/**
 * Checks that no line of an audit log was changed, added, moved or taken out.
 *
 * @param file `audit.jsonl`, or a later file where those before it were moved away: the log is followed from there on, through
 * all files that lie beside it
 * @throws OmenError `io`
 */
export async function verifyAudit(file: string): Promise<AuditVerification> {
  try {
    return await verifyFiles(await auditFilesFrom(file))
  } catch (cause) {
    throw new OmenError('io', `cannot read ${file}`, { cause })
  }
}

/** Checks files of an audit log that follow each other. What the first one follows is not known unless it is the beginning. */
export async function verifyFiles(files: readonly AuditFile[]): Promise<AuditVerification> {
  const begins = files[0]?.begins ?? 1
  let last = begins - 1
  let lastHash = begins === 1 ? BEGINNING : undefined
  const verified = (): Omit<AuditVerification, 'problem'> => ({
    ...{ records: last - begins + 1, last, lastHash: lastHash ?? BEGINNING },
  })
  for (const file of files) {
    if (file.begins !== last + 1) {
      const why = `it begins with record ${file.begins}, and the file before it ends with ${last}`
      return { ...verified(), problem: { file: file.path, line: 1, why } }
    }
    const input = createReadStream(file.path)
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      try {
        lastHash = recordOf(line, last + 1, lastHash).hash
        last++
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        return { ...verified(), problem: { file: file.path, line: last - file.begins + 2, why } }
      }
    }
  }
  return verified()
}
