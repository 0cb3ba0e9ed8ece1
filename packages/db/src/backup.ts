import { OmenError, type StorageBackend } from '@omen/core'
import { fileStorage, openFileLog } from '@omen/storage-mmap'
import { copyFile } from './copy-file.ts'
import type { Engine } from './engine/engine.ts'
import {
  CURRENT,
  encodeCurrent,
  encodeManifest,
  filesOf,
  manifestName,
  replayFrom,
} from './engine/manifest.ts'

/** Records of the log copied by one append. */
const RECORDS_AT_ONCE = 256

/**
 * Copies a database as it is at one moment into another folder, while it is written to: segments as they are, and of the
 * log what comes behind them. `CURRENT` comes last, so that a copy that was cut short does not open.
 *
 * @throws OmenError `already_exists` for a folder that is not empty; `disk_full`, `io`, `closed`
 */
export async function backup(engine: Engine, where: string | StorageBackend): Promise<void> {
  const target = typeof where === 'string' ? await fileStorage(where) : where
  const lock = await target.lock('a backup')
  const { commits, hooks, log, manifests, storage } = engine.parts
  const { manifest, release } = manifests.pin()
  try {
    const last = commits.applied
    const there = (await target.list()).find(({ name }) => name !== 'LOCK')
    if (there)
      throw new OmenError('already_exists', `a backup needs an empty folder, and there is ${there.name}`)
    for (const file of filesOf(manifest)) {
      await copyFile(storage, target, file)
      hooks.point?.('backup:file-copied')
    }
    const from = replayFrom(manifest)
    const copy = await openFileLog(target, { databaseId: manifest.database, firstSequence: from })
    try {
      await copyRecords(log.read(from), copy, last)
    } finally {
      await copy.close()
    }
    const name = manifestName(manifest.number)
    await target.writeOnce(name, [await encodeManifest(manifest)])
    await target.replace(CURRENT, await encodeCurrent(name))
    hooks.point?.('backup:done')
  } finally {
    release()
    await lock.release()
    if (typeof where === 'string') await target.close()
  }
}

async function copyRecords(
  records: ReturnType<Engine['parts']['log']['read']>,
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
