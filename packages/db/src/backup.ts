import { type LogRecord, OmenError, type StorageBackend } from '@omen/core'
import { fileStorage, followLog, openFileLog, verifyLog } from '@omen/storage-mmap'
import { copyFile } from './copy-file.ts'
import type { Engine } from './engine/engine.ts'
import {
  CURRENT,
  encodeCurrent,
  encodeManifest,
  filesOf,
  type Manifest,
  manifestName,
  replayFrom,
} from './engine/manifest.ts'
import { readManifest } from './engine/manifest-store.ts'

/** Records of the log copied by one append. */
const RECORDS_AT_ONCE = 256

/** A database to be copied, its files held. */
interface Source {
  readonly storage: StorageBackend
  readonly manifest: Manifest
  /** The records from this one on. */
  read(from: number): AsyncIterable<LogRecord>
  /** The last record that belongs to the copy. */
  readonly last: number
  /** Called after each file. */
  copied?(): void
}

/**
 * Copies a database as it is at one moment into another folder, while it is written to.
 *
 * @throws OmenError `already_exists` for a folder that is not empty; `locked`, `disk_full`, `io`, `closed`
 */
export async function backup(engine: Engine, where: string | StorageBackend): Promise<void> {
  const { commits, hooks, log, manifests, storage } = engine.parts
  await intoEmpty(where, 'a backup', async (target) => {
    const { manifest, release } = manifests.pin()
    try {
      const copied = (): void => hooks.point?.('backup:file-copied')
      const read = (from: number): AsyncIterable<LogRecord> => log.read(from)
      await copyDatabase({ storage, manifest, read, last: commits.applied, copied }, target)
      hooks.point?.('backup:done')
    } finally {
      release()
    }
  })
}

/**
 * Copies a database that nobody has open for writing, such as a backup.
 *
 * @param target an empty folder
 * @throws OmenError `not_found` where there is no database; `corrupt_database`, `corrupt_log`, `unsupported`; `disk_full`, `io`
 */
export async function copyClosed(storage: StorageBackend, target: StorageBackend): Promise<void> {
  const manifest = await readManifest(storage)
  if (!manifest) throw new OmenError('not_found', 'there is no backup to be restored')
  const databaseId = manifest.database
  // A reader takes damage at the end for what a writer has not finished.
  const { damage } = await verifyLog(storage, { databaseId, from: replayFrom(manifest) })
  const [first] = damage
  if (first) {
    throw new OmenError('corrupt_log', `${first.file} is damaged at byte ${first.offset}: ${first.why}`)
  }
  const log = await followLog(storage, { databaseId })
  try {
    const read = (from: number): AsyncIterable<LogRecord> => log.read(from)
    await copyDatabase({ storage, manifest, read, last: log.nextSequence - 1 }, target)
  } finally {
    await log.close()
  }
}

/**
 * Does something with a folder that is empty, and locked meanwhile.
 *
 * @throws OmenError `invalid_argument`, `already_exists`, `locked`, `io`, and what the task throws
 */
export async function intoEmpty(
  where: string | StorageBackend,
  holder: string,
  task: (target: StorageBackend) => Promise<void>,
): Promise<void> {
  // The empty path would be the folder that the process happens to run in.
  if (where === '') throw new OmenError('invalid_argument', `${holder} needs the path of a folder, got ''`)
  const target = typeof where === 'string' ? await fileStorage(where) : where
  try {
    const lock = await target.lock(holder)
    try {
      const [there] = await target.list()
      if (there)
        throw new OmenError('already_exists', `${holder} needs an empty folder, and there is ${there.name}`)
      await task(target)
    } finally {
      await lock.release()
    }
  } finally {
    if (typeof where === 'string') await target.close()
  }
}

/**
 * Copies segments as they are, and of the log what comes behind them. `CURRENT` comes last, so that a copy that was cut short
 * does not open.
 */
async function copyDatabase(
  { storage, manifest, read, last, copied }: Source,
  target: StorageBackend,
): Promise<void> {
  for (const file of filesOf(manifest)) {
    await copyFile(storage, target, file)
    copied?.()
  }
  const from = replayFrom(manifest)
  const copy = await openFileLog(target, { databaseId: manifest.database, firstSequence: from })
  try {
    await copyRecords(read(from), copy, last)
  } finally {
    await copy.close()
  }
  const name = manifestName(manifest.number)
  await target.writeOnce(name, [await encodeManifest(manifest)])
  await target.replace(CURRENT, await encodeCurrent(name))
}

async function copyRecords(
  records: AsyncIterable<LogRecord>,
  copy: Awaited<ReturnType<typeof openFileLog>>,
  last: number,
): Promise<void> {
  let waiting: Uint8Array[] = []
  for await (const { sequence, bytes } of records) {
    if (sequence > last) break
    waiting.push(bytes.slice())
    if (waiting.length < RECORDS_AT_ONCE) continue
    await copy.append(waiting)
    waiting = []
  }
  if (waiting.length > 0) await copy.append(waiting)
}
