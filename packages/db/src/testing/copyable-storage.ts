import { MemoryStorage } from '@omen/core'

/** A `StorageBackend` in memory that can be copied at any moment, without a turn of the event loop. */
export class CopyableStorage extends MemoryStorage {
  #files: Map<string, Uint8Array> = new Map()

  /** The files as they are now, in a storage of their own. */
  copy(): () => Promise<CopyableStorage> {
    const files = new Map(this.#files)
    return async () => {
      const copy = new CopyableStorage()
      for (const [name, bytes] of files) await copy.writeOnce(name, [bytes])
      return copy
    }
  }

  override async writeOnce(name: string, parts: Iterable<Uint8Array>): Promise<void> {
    const bytes = Uint8Array.from(Buffer.concat([...parts]))
    await super.writeOnce(name, [bytes])
    this.#files.set(name, bytes)
  }

  override async replace(name: string, bytes: Uint8Array): Promise<void> {
    await super.replace(name, bytes)
    this.#files.set(name, bytes.slice())
  }

  override async append(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    await super.append(name, offset, bytes)
    const before = this.#files.get(name)?.subarray(0, offset) ?? new Uint8Array()
    this.#files.set(name, Uint8Array.from(Buffer.concat([before, bytes])))
  }

  override async remove(name: string): Promise<void> {
    await super.remove(name)
    this.#files.delete(name)
  }
}
