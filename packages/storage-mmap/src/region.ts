import { closedError, OmenError, type Region } from '@omen/core'
import { fileError } from '@omen/core/file'
import type { DiskFile, FileMap } from './disk.ts'

/** The bytes that a file had when it was opened; mapped when first asked for, so that only sealed files ever are. */
export class FileRegion implements Region {
  readonly sizeBytes: number
  readonly #file: DiskFile
  readonly #path: string
  #map: FileMap | undefined
  #closed = false

  /** @param file taken over: closed with the region */
  constructor(file: DiskFile, path: string, sizeBytes: number) {
    this.sizeBytes = sizeBytes
    this.#file = file
    this.#path = path
  }

  get mapped(): Uint8Array | undefined {
    if (this.#closed) return undefined
    this.#map ??= this.#file.map?.(this.sizeBytes)
    return this.#map?.bytes
  }

  async readInto(target: Uint8Array, offset: number): Promise<void> {
    if (this.#closed) throw closedError()
    const end = offset + target.length
    if (!(Number.isInteger(offset) && offset >= 0 && end <= this.sizeBytes)) {
      throw new OmenError(
        'out_of_range',
        `bytes ${offset} to ${end} are outside file ${this.#path} of ${this.sizeBytes} bytes`,
      )
    }
    let read: number
    try {
      read = await this.#file.read(target, offset)
    } catch (error) {
      throw this.#closed ? closedError() : fileError(error, 'read', this.#path)
    }
    if (read < target.length) {
      throw new OmenError('io', `${this.#path} ends at byte ${offset + read}, it was cut since it was opened`)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#map?.unmap()
    await this.#file.close()
  }
}
