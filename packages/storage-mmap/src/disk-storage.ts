import { randomUUID } from 'node:crypto'
import {
  type AppendDurability,
  checkFileName,
  OmenError,
  type Region,
  type StorageBackend,
  type StorageLock,
  type StoredFile,
} from '@omen/core'
import { fileError } from '@omen/core/file'
import type { Disk, DiskFile } from './disk.ts'
import { FileRegion } from './region.ts'

/** A file being appended to. */
interface Tail {
  readonly file: DiskFile
  sizeBytes: number
  /** Whether its name is known to be durable. */
  named: boolean
  /** Whether bytes wait for a sync: then it must stay open, or an error of writing them back could go unseen. */
  dirty: boolean
}

/** A `StorageBackend` over the calls of a file system: what it syncs, and in what order. */
export class DiskStorage implements StorageBackend {
  readonly #disk: Disk
  readonly #readOnly: boolean
  readonly #tails: Map<string, Tail> = new Map()

  constructor(disk: Disk, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#disk = disk
    this.#readOnly = readOnly
  }

  async list(): Promise<StoredFile[]> {
    const files = await this.#try('list', '', () => this.#disk.list())
    // Names that begin with a dot are the backend's own: the lock, and what is not finished.
    return files.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async read(name: string): Promise<Region> {
    checkFileName(name)
    return this.#try('read', name, async () => {
      const file = await this.#disk.open(name, 'read')
      try {
        return new FileRegion(file, this.#disk.path(name), await file.size())
      } catch (error) {
        await file.close()
        throw error
      }
    })
  }

  async writeOnce(name: string, parts: Iterable<Uint8Array>): Promise<void> {
    this.#checkWrite(name)
    await this.#try('write', name, async () => {
      const there = await this.#disk.open(name, 'read').catch(ifMissing)
      await there?.close()
      if (there) throw new OmenError('already_exists', `there is a file ${this.#disk.path(name)} already`)
      try {
        await this.#put(name, parts)
      } catch (error) {
        // It may have its name already, which nobody knows to be durable.
        await this.#disk.unlink(name).catch(() => undefined)
        throw error
      }
    })
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    this.#checkWrite(name)
    await this.#try('write', name, async () => {
      await this.#put(name, [bytes])
      await this.#forget(name)
    })
  }

  async append(name: string, offset: number, bytes: Uint8Array, durability: AppendDurability): Promise<void> {
    this.#checkWrite(name)
    const tail = await this.#try('open', name, () => this.#tail(name, offset))
    if (!(Number.isInteger(offset) && offset >= 0 && offset <= tail.sizeBytes)) {
      throw new OmenError(
        'out_of_range',
        `offset ${offset} is outside file ${this.#disk.path(name)} of ${tail.sizeBytes} bytes`,
      )
    }
    try {
      tail.dirty = true
      if (offset < tail.sizeBytes) await tail.file.truncate(offset)
      if (bytes.length > 0) await tail.file.write(bytes, offset)
      tail.sizeBytes = offset + bytes.length
      if (durability === 'synced') await this.#sync(tail)
    } catch (error) {
      await this.#forget(name)
      throw fileError(error, 'append to', this.#disk.path(name))
    }
  }

  async remove(name: string): Promise<void> {
    this.#checkWrite(name)
    await this.#try('remove', name, async () => {
      await this.#forget(name)
      const removed = await this.#disk.unlink(name).then(() => true, ifMissing)
      if (removed) await this.#disk.syncFolder()
    })
  }

  async lock(holder: string): Promise<StorageLock> {
    this.#checkWritable()
    const lock = await this.#disk.lock(holder)
    try {
      await this.#removeUnfinished()
      return lock
    } catch (error) {
      await lock.release()
      throw fileError(error, 'list', this.#disk.path(''))
    }
  }

  /** What a crash left unfinished has no name that counts, only size: what cannot go now goes the next time. */
  async #removeUnfinished(): Promise<void> {
    for (const { name } of await this.#disk.list()) {
      if (name.startsWith('.') && name.endsWith('.tmp')) await this.#disk.unlink(name).catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tails.keys()].map((name) => this.#forget(name)))
  }

  /** Writes a neighbour, syncs it, and gives it the name: under that it is whole at any moment. */
  async #put(name: string, parts: Iterable<Uint8Array>): Promise<void> {
    const temporary = `.${name}.${randomUUID()}.tmp`
    try {
      const file = await this.#disk.open(temporary, 'create')
      try {
        let at = 0
        for (const part of parts) {
          await file.write(part, at)
          at += part.length
        }
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#disk.rename(temporary, name)
    } catch (error) {
      await this.#disk.unlink(temporary).catch(() => undefined)
      throw error
    }
    await this.#disk.syncFolder()
  }

  async #tail(name: string, offset: number): Promise<Tail> {
    const known = this.#tails.get(name)
    if (known) return known
    for (const [other, tail] of this.#tails) if (!tail.dirty) await this.#forget(other)
    const file = await this.#disk.open(name, 'write').catch((error: unknown) => {
      if (offset > 0) throw error
      return ifMissing(error)
    })
    const opened = file ?? (await this.#disk.open(name, 'create'))
    const tail = { file: opened, sizeBytes: await opened.size(), named: false, dirty: false }
    this.#tails.set(name, tail)
    return tail
  }

  /** A sync that failed is never tried again: what it was for may be gone while reading still shows it. */
  async #sync(tail: Tail): Promise<void> {
    try {
      await tail.file.sync()
      if (!tail.named) await this.#disk.syncFolder()
    } catch (error) {
      throw new OmenError('io', `a sync failed, what it should have kept may be lost: ${String(error)}`, {
        cause: error,
      })
    }
    tail.named = true
    tail.dirty = false
  }

  async #forget(name: string): Promise<void> {
    const tail = this.#tails.get(name)
    this.#tails.delete(name)
    await tail?.file.close()
  }

  #checkWrite(name: string): void {
    checkFileName(name)
    this.#checkWritable()
  }

  #checkWritable(): void {
    if (this.#readOnly) throw new OmenError('read_only', 'the folder was opened for reading only')
  }

  async #try<T>(what: string, name: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw fileError(error, what, this.#disk.path(name))
    }
  }
}

/** Nothing, when the error says that there is no such file; any other is thrown. */
function ifMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
