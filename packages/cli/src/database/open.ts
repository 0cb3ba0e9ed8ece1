import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { OmenError } from '@omen/core'
import { open, openReadOnly } from '@omen/db'
import type { CollectionInfo, Database, Reader, Schema } from '@omen/schema'
import { UsageError } from '../usage-error.ts'

/** What commands read from: a database, or one that another process may be writing to meanwhile. */
export interface Source extends AsyncDisposable {
  collection(name: string): Promise<Reader<Schema>>
  collections(): Promise<CollectionInfo[]>
}

/**
 * Opens a database for reading, beside whoever writes to it.
 *
 * @param where its directory
 * @throws OmenError as `openReadOnly`
 */
export async function openSource(where: string): Promise<Source> {
  return await openReadOnly(directoryOf(where))
}

/**
 * Opens a database for everything.
 *
 * @param where its directory
 * @param absent what happens where there is none: a misspelt name should seldom create one
 * @throws OmenError `not_found`; as `open`
 */
export async function openDatabase(where: string, absent: 'create' | 'refuse'): Promise<Database> {
  const directory = directoryOf(where)
  if (absent === 'refuse') checkDirectory(directory)
  return await open(directory)
}

/** Where a database is named that only a process on the same machine can reach. @throws UsageError for a URL */
export function directoryOf(where: string): string {
  if (!isUrl(where)) return where
  throw new UsageError(`${where} is a URL, and this needs the directory of a database`)
}

const isUrl = (where: string): boolean => /^https?:\/\//i.test(where)

/** The manifest's name is in the file that every database has (docs/format.md). */
function checkDirectory(directory: string): void {
  if (existsSync(join(directory, 'CURRENT'))) return
  throw new OmenError('not_found', `there is no database in ${directory}`)
}
