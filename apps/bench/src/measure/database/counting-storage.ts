import type { AppendDurability, Region, StorageBackend, StorageLock, StoredFile } from '@omen/core'

/** Hands every call on to a storage, and counts the appends that were synced. */
export class CountingStorage implements StorageBackend {
  readonly #storage: StorageBackend
  /** Synced appends until now. */
  syncs = 0

  constructor(storage: StorageBackend) {
    this.#storage = storage
  }

  list(): Promise<StoredFile[]> {
    return this.#storage.list()
  }

  read(name: string): Promise<Region> {
    return this.#storage.read(name)
  }

  writeOnce(name: string, parts: Iterable<Uint8Array>): Promise<void> {
    return this.#storage.writeOnce(name, parts)
  }

  replace(name: string, bytes: Uint8Array): Promise<void> {
    return this.#storage.replace(name, bytes)
  }

  append(name: string, offset: number, bytes: Uint8Array, durability: AppendDurability): Promise<void> {
    if (durability === 'synced') this.syncs++
    return this.#storage.append(name, offset, bytes, durability)
  }

  remove(name: string): Promise<void> {
    return this.#storage.remove(name)
  }

  lock(holder: string): Promise<StorageLock> {
    return this.#storage.lock(holder)
  }

  close(): Promise<void> {
    return this.#storage.close()
  }
}
