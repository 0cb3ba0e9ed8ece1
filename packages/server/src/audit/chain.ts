import { createHash } from 'node:crypto'

/** What somebody did. */
export interface AuditedAction {
  /** When it was over. */
  readonly time: string
  readonly requestId: string
  /** The id of the key, or what stands for it. */
  readonly who: string
  /** The operation, as the OpenAPI document calls it. */
  readonly action: string
  readonly collection?: string
  /** The HTTP status. */
  readonly status: number
  /** The error, where it was refused or failed. */
  readonly code?: string
  /** What it changed, such as rows written. */
  readonly effect?: Readonly<Record<string, unknown>>
}

/** A line of the audit log: an action, its number, and the hash of all that came before. */
export interface AuditRecord extends AuditedAction {
  /** From 1 on, without gaps. */
  readonly number: number
  /** The hash of the line before; zeros for the first. */
  readonly previous: string
  /** SHA-256 of the line without this. */
  readonly hash: string
}

/** What stands before the first line. */
export const BEGINNING: string = '0'.repeat(64)

/** The line of an action, and the hash that the next one names. */
export function lineOf(
  action: AuditedAction,
  number: number,
  previous: string,
): { line: string; hash: string } {
  const open = JSON.stringify({ number, ...action, previous })
  const hash = hashOf(open)
  return { line: `${open.slice(0, -1)},"hash":"${hash}"}`, hash }
}

const HASH_AT_END = /,"hash":"([0-9a-f]{64})"\}$/

/**
 * Reads a line of the log, which must follow what came before.
 *
 * @param previous the hash of the line before; undefined where nobody knows it
 * @throws Error saying what is wrong with it
 */
export function recordOf(line: string, number: number, previous: string | undefined): AuditRecord {
  const end = HASH_AT_END.exec(line)
  if (!end) throw new Error('it is no line of an audit log')
  if (hashOf(`${line.slice(0, end.index)}}`) !== end[1]) throw new Error('it is not as it was written')
  const record = JSON.parse(line) as AuditRecord
  if (record.number !== number) throw new Error(`it has number ${record.number} instead of ${number}`)
  if (previous !== undefined && record.previous !== previous)
    throw new Error('it does not follow the line before')
  return record
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
