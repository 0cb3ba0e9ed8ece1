import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '@omen/client'
import { OmenError } from '@omen/core'
import { open, openReadOnly } from '@omen/db'
import type { CollectionInfo, Database, DatabaseStats, Reader, Schema, Verification } from '@omen/schema'
import { UsageError } from '../usage-error.ts'

/** What commands read from: a database, or one that another process may be writing to meanwhile. */
export interface Source extends AsyncDisposable {
  collection(name: string): Promise<Reader<Schema>>
  collections(): Promise<CollectionInfo[]>
  stats(): Promise<DatabaseStats>
  verify(): Promise<Verification>
}

/**
 * Opens a database for reading, beside whoever writes to it.
 *
 * @param where its directory, or the URL of its server
 * @throws OmenError as `openReadOnly` and `connect`
 */
export async function openSource(where: string): Promise<Source> {
  return isUrl(where) ? await openServer(where) : await openReadOnly(where)
}

/**
 * Opens a database for everything.
 *
 * @param where its directory, or the URL of its server
 * @param absent what happens where there is none: a misspelt name should seldom create one
 * @throws OmenError `not_found`; as `open` and `connect`
 */
export async function openDatabase(where: string, absent: 'create' | 'refuse'): Promise<Database> {
  if (isUrl(where)) return await openServer(where)
  if (absent === 'refuse') checkDirectory(where)
  return await open(where)
}

/** Long work is ended by Ctrl-C, not by a clock. */
const TIMEOUT_MS = 3_600_000

/** Keys come from the environment: what stands in a command line is seen by everybody on the machine. */
async function openServer(url: string): Promise<Database> {
  const { OMEN_KEY: key } = process.env
  return await connect(url, { timeoutMs: TIMEOUT_MS, ...(key && { key }) })
}

/** Where a database is named that only a process on the same machine can reach. @throws UsageError for a URL */
export function directoryOf(where: string): string {
  if (!isUrl(where)) return where
  throw new UsageError(`${where} is a URL, and this needs the directory of a database`)
}

/** Whether it names a server. */
export const isUrl = (where: string): boolean => /^https?:\/\//i.test(where)

/** The manifest's name is in the file that every database has (docs/format.md). */
function checkDirectory(directory: string): void {
  if (existsSync(join(directory, 'CURRENT'))) return
  throw new OmenError('not_found', `there is no database in ${directory}`)
}
