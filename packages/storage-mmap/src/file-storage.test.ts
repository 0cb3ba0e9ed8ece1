import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StorageBackend } from '@omen/core'
import { testStorageBackend } from '@omen/core/testing'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { fileStorage } from './index.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'omen-storage-'))
})
afterAll(() => rm(root, { recursive: true }))

const opened: StorageBackend[] = []
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close()
})

for (const reads of ['mapped', 'plain'] as const) {
  const folders = new WeakMap<StorageBackend, string>()
  const open = async (folder: string): Promise<StorageBackend> => {
    const storage = await fileStorage(folder, { reads })
    folders.set(storage, folder)
    opened.push(storage)
    return storage
  }
  testStorageBackend(`on files, reads ${reads}`, {
    create: async () => open(await mkdtemp(join(root, 'case-'))),
    reopen: (storage) => open(folders.get(storage) ?? ''),
  })
}
