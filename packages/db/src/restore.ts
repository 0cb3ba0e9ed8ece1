import { OmenError, type Quantizer, type StorageBackend } from '@omen/core'
import { checkOptionNames } from '@omen/schema/check'
import { fileStorage } from '@omen/storage-mmap'
import { copyClosed, intoEmpty } from './backup.ts'
import { openDatabase } from './database.ts'
import { CURRENT } from './engine/manifest.ts'

export interface RestoreOptions {
  /** Quantizers of your own, which schemas in the database name. */
  readonly quantizers?: readonly Quantizer[] | undefined
}

/**
 * Copies a backup, or any database that nobody has open for writing, into a folder of its own, and reads every byte of the
 * copy. The backup stays as it is. It can also be opened where it lies: this is for those who want to keep it.
 *
 * @param backup the directory of the backup, which is only read, or its storage backend
 * @param where an empty directory, created when it is not there, or a storage backend
 * @returns rows that the copy has
 * @throws OmenError `already_exists` for a folder that is not empty; `not_found` where there is no backup; `corrupt_database`,
 * `corrupt_segment`, `corrupt_log` for one that is damaged: then the copy does not open; `unsupported`, `unknown_quantizer`,
 * `invalid_argument`; `locked`, `disk_full`, `io`
 */
export async function restore(
  backup: string | StorageBackend,
  where: string | StorageBackend,
  options: RestoreOptions = {},
): Promise<number> {
  checkOptionNames('restore', options, ['quantizers'])
  const source = typeof backup === 'string' ? await fileStorage(backup, { readOnly: true }) : backup
  const target = typeof where === 'string' ? await fileStorage(where) : where
  try {
    await intoEmpty(target, 'a restored backup', (empty) => copyClosed(source, empty))
    return await checkCopy(target, options)
  } finally {
    if (typeof where === 'string') await target.close()
    if (typeof backup === 'string') await source.close()
  }
}

/** Opens the copy and verifies it: one that is damaged is made such that it does not open. */
async function checkCopy(copy: StorageBackend, options: RestoreOptions): Promise<number> {
  try {
    const { db } = await openDatabase(copy, options, { background: false })
    try {
      const { problems, rows } = await db.verify()
      const [problem] = problems
      if (problem) throw new OmenError('corrupt_database', `the backup: ${problem.where}: ${problem.what}`)
      return rows
    } finally {
      await db.close()
    }
  } catch (error) {
    await copy.remove(CURRENT)
    throw error
  }
}
