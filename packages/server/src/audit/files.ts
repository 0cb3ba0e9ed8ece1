import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const FIRST_FILE = 'audit.jsonl'
const LATER_FILE = /^audit-(\d{12,})\.jsonl$/

/** A file of an audit log, which says by its name with which record it begins. */
export interface AuditFile {
  readonly path: string
  /** The number of its first record. */
  readonly begins: number
}

/** The file that begins with a record. */
export function auditFile(folder: string, begins: number): AuditFile {
  const name = begins === 1 ? FIRST_FILE : `audit-${String(begins).padStart(12, '0')}.jsonl`
  return { path: join(folder, name), begins }
}

/** The files of the audit log in a folder, in their order. */
export async function auditFilesIn(folder: string): Promise<AuditFile[]> {
  const begins = (await readdir(folder)).map(beginningOf).filter((number) => number !== undefined)
  return begins.sort((a, b) => a - b).map((number) => auditFile(folder, number))
}

/** A file of an audit log, and those after it in the same folder. */
export async function auditFilesFrom(path: string): Promise<AuditFile[]> {
  const begins = beginningOf(basename(path)) ?? 1
  const later = (await auditFilesIn(dirname(path))).filter((file) => file.begins > begins)
  return [{ path, begins }, ...later]
}

function beginningOf(name: string): number | undefined {
  if (name === FIRST_FILE) return 1
  const number = LATER_FILE.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}
