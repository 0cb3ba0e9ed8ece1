import type { StorageBackend } from '@omen/core'
import { copyFile } from '../copy-file.ts'

/** Keeps files as they are under names that nothing reads, before what takes their place is written. */
export class SetAside {
  readonly #storage: StorageBackend
  readonly #names: string[] = []

  constructor(storage: StorageBackend) {
    this.#storage = storage
  }

  /** What the copies are called. */
  get names(): readonly string[] {
    return this.#names
  }

  /** Says that somebody else set files aside. */
  add(names: readonly string[]): void {
    this.#names.push(...names)
  }

  /**
   * Copies those of the files that are there.
   *
   * @throws OmenError `disk_full`, `io`
   */
  async copy(files: Iterable<string>): Promise<void> {
    const there = new Set((await this.#storage.list()).map(({ name }) => name))
    for (const file of new Set(files)) {
      if (!there.has(file)) continue
      let number = 1
      while (there.has(`damaged-${file}-${number}`)) number++
      const name = `damaged-${file}-${number}`
      await copyFile(this.#storage, this.#storage, file, name)
      this.#names.push(name)
    }
  }
}
