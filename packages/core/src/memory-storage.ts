import { OmenError } from './errors.ts'
import { closedError } from './queue.ts'
import {
  checkFileName,
  type Region,
  type StorageBackend,
  type StorageLock,
  type StoredFile,
} from './storage.ts'

/** A `StorageBackend` in memory: for tests and for databases that need not outlive the process. Durable is what it is not. */
export class MemoryStorage implements StorageBackend {
  readonly #files: Map<string, MemoryFile> = new Map()
  #holder: string | undefined

  async list(): Promise<StoredFile[]> {
    return [...this.#files]
      .map(([name, file]) => ({ name, sizeBytes: file.bytes.length }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async read(name: string): Promise<Region> {
    checkFileName(name)
    const file = this.#files.get(name)
    if (!file) throw notFound(name)
    return new MemoryRegion(name, file.bytes)
  }

  async writeOnce(name: string, parts: Iterable<Uint8Array>): Promise<void> {
    checkFileName(name)
    if (this.#files.has(name)) throw new OmenError('already_exists', `there is a file ${name} already`)
    this.#files.set(name, { bytes: concatenate([...parts]) })
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    checkFileName(name)
    this.#files.set(name, { bytes: new Uint8Array(bytes) })
  }

  async append(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    checkFileName(name)
    const file = this.#files.get(name)
    if (!file && offset > 0) throw notFound(name)
    const size = file?.bytes.length ?? 0
    if (!(Number.isInteger(offset) && offset >= 0 && offset <= size)) {
      throw new OmenError('out_of_range', `offset ${offset} is outside file ${name} of ${size} bytes`)
    }
    if (!file || offset < size) {
      // Regions may be reading what is cut off: the file gets bytes of its own.
      const kept = file?.bytes.subarray(0, offset) ?? new Uint8Array(0)
      this.#files.set(name, { bytes: concatenate([kept, bytes]) })
    } else {
      file.bytes = extend(file.bytes, bytes)
    }
  }

  async remove(name: string): Promise<void> {
    checkFileName(name)
    this.#files.delete(name)
  }

  async lock(holder: string): Promise<StorageLock> {
    if (this.#holder !== undefined) {
      throw new OmenError('locked', `${this.#holder} holds the lock: only one may write at a time`)
    }
    this.#holder = holder
    let held = true
    return {
      release: async () => {
        if (held) this.#holder = undefined
        held = false
      },
    }
  }

  async close(): Promise<void> {
    // Nothing is kept open.
  }
}

interface MemoryFile {
  /** The bytes so far: a view of a buffer that may have room behind them. Bytes once written are never changed. */
  bytes: Uint8Array
}

class MemoryRegion implements Region {
  readonly sizeBytes: number
  readonly #name: string
  #bytes: Uint8Array | undefined

  constructor(name: string, bytes: Uint8Array) {
    this.sizeBytes = bytes.length
    this.#name = name
    this.#bytes = bytes
  }

  get mapped(): Uint8Array | undefined {
    return this.#bytes
  }

  async readInto(target: Uint8Array, offset: number): Promise<void> {
    if (!this.#bytes) throw closedError()
    const end = offset + target.length
    if (!(Number.isInteger(offset) && offset >= 0 && end <= this.sizeBytes)) {
      throw new OmenError(
        'out_of_range',
        `bytes ${offset} to ${end} are outside file ${this.#name} of ${this.sizeBytes} bytes`,
      )
    }
    target.set(this.#bytes.subarray(offset, end))
  }

  async close(): Promise<void> {
    this.#bytes = undefined
  }
}

function notFound(name: string): OmenError {
  return new OmenError('not_found', `there is no file ${name}`)
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The old bytes and the new, in the old buffer where it has room: appending n times costs no n². */
function extend(old: Uint8Array, added: Uint8Array): Uint8Array {
  const size = old.length + added.length
  const buffer = size <= old.buffer.byteLength ? old.buffer : new ArrayBuffer(Math.ceil(size * 1.5))
  const bytes = new Uint8Array(buffer, 0, size)
  if (buffer !== old.buffer) bytes.set(old)
  bytes.set(added, old.length)
  return bytes
}
