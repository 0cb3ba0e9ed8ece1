import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Log, MemoryStorage, type StorageBackend } from '@omen/core'
import { testLog } from '@omen/core/testing'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { fileStorage, openFileLog } from '../index.ts'
import { databaseId } from '../testing/log-files.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'omen-log-'))
})
afterAll(() => rm(root, { recursive: true }))

const opened: StorageBackend[] = []
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close()
})

const storages = new WeakMap<Log, StorageBackend>()

/** @param fileBytes so few that a log has many files, or so many that it has one */
const openLog = async (storage: StorageBackend, fileBytes: number): Promise<Log> => {
  const log = await openFileLog(storage, { databaseId, fileBytes, reserveBytes: 1000 })
  storages.set(log, storage)
  opened.push(storage)
  return log
}

for (const fileBytes of [300, 2 ** 25]) {
  const reopen = (log: Log): Promise<Log> => openLog(storages.get(log) ?? new MemoryStorage(), fileBytes)
  testLog(`in files of ${fileBytes} bytes, in memory`, {
    create: () => openLog(new MemoryStorage(), fileBytes),
    reopen,
  })
  testLog(`in files of ${fileBytes} bytes, on disk`, {
    create: async () => openLog(await fileStorage(await mkdtemp(join(root, 'case-'))), fileBytes),
    reopen,
  })
}
