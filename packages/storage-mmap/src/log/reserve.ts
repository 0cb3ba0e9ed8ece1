import { OmenError, type StorageBackend } from '@omen/core'

const NAME = 'log-reserve'

/** Space on the disk set aside for when it is full: a file that can be removed. */
export class Reserve {
  readonly #storage: StorageBackend
  readonly #sizeBytes: number
  #there = false

  constructor(storage: StorageBackend, sizeBytes: number) {
    this.#storage = storage
    this.#sizeBytes = sizeBytes
  }

  /** Sets it aside, if it is not; a disk that is full already has nothing to set aside. */
  async restore(): Promise<void> {
    if (this.#there || this.#sizeBytes === 0) return
    // Random: a file system that compresses would set aside nothing for zeros.
    const block = crypto.getRandomValues(new Uint8Array(Math.min(this.#sizeBytes, 65_536)))
    const parts = Array.from({ length: Math.ceil(this.#sizeBytes / block.length) }, () => block)
    try {
      await this.#storage.writeOnce(NAME, parts)
    } catch (error) {
      const code = error instanceof OmenError ? error.code : undefined
      if (code === 'disk_full') return
      if (code !== 'already_exists') throw error
    }
    this.#there = true
  }

  /** Gives the space back; false when there is none to give. */
  async release(): Promise<boolean> {
    const there = (await this.#storage.list()).some(({ name }) => name === NAME)
    if (there) await this.#storage.remove(NAME)
    this.#there = false
    return there
  }
}
