import { hostname } from 'node:os'
import { OmenError, type Quantizer, type StorageBackend } from '@omen/core'
import type { Problem } from '@omen/schema'
import { checkOptionNames } from '@omen/schema/check'
import { fileStorage } from '@omen/storage-mmap'
import { Repairing } from './repairing.ts'

export interface RepairOptions {
  /** Quantizers of your own, which schemas in the database name. */
  readonly quantizers?: readonly Quantizer[] | undefined
}

/** Something that was wrong, and what was done about it. */
export interface Mended {
  readonly file: string
  readonly what: string
}

/** Rows of a segment that could not be saved. */
export interface LostRows {
  readonly collection: string
  readonly file: string
  readonly rows: number
  /** Which they are; undefined where the damage lies in the ids themselves. */
  readonly ids: readonly string[] | undefined
}

/** What a repair did. */
export interface Repair {
  /** In the order in which it was done: empty for a database that was whole, which is left as it was. */
  readonly mended: readonly Mended[]
  /** Rows that are gone, beside those of records of the log that `mended` names. */
  readonly lost: readonly LostRows[]
  /** Copies of what was damaged or is not used any more, as it was: to be removed by hand. */
  readonly setAside: readonly string[]
  /** What `verify` still finds. */
  readonly problems: readonly Problem[]
  /** Rows that the database has now. */
  readonly rows: number
}

/**
 * Saves what can be saved of a damaged database, so that it opens again: goes back to the manifest before where that loses
 * less, keeps the log up to the first damage, makes derived files again, and gives up segments whose rows are damaged. What is
 * damaged or given up is kept under names that begin with `damaged-`, which takes as much space again.
 *
 * @param where the directory of the database, or its storage backend
 * @throws OmenError `locked` naming who has it open for writing; `not_found` where there is no database; `corrupt_database`
 * where nothing can be saved; `unsupported`, `unknown_quantizer`, `invalid_argument`; `disk_full`, `io`: then it may be repeated
 */
export async function repair(where: string | StorageBackend, options: RepairOptions = {}): Promise<Repair> {
  checkOptionNames('repair', options, ['quantizers'])
  const storage = typeof where === 'string' ? await existing(where) : where
  try {
    const lock = await storage.lock(`the repair by process ${process.pid} on ${hostname()}`)
    try {
      return await new Repairing(storage, options.quantizers ?? []).run()
    } finally {
      await lock.release()
    }
  } finally {
    if (typeof where === 'string') await storage.close()
  }
}

/** A folder that is there: a misspelt name creates none. */
async function existing(where: string): Promise<StorageBackend> {
  if (where.length === 0 || where === ':memory:')
    throw new OmenError('invalid_argument', `repair takes a directory, got ${JSON.stringify(where)}`)
  await (await fileStorage(where, { readOnly: true })).close()
  return await fileStorage(where)
}
