import { OmenError, type StorageLock, type StoredFile } from '@omen/core'
import type { Disk, DiskFile, DiskMode } from '../disk.ts'

/** What was asked of a disk, in order: what a crash is made of. */
export type Operation =
  | { readonly kind: 'create'; readonly name: string; readonly file: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlink'; readonly name: string }
  | { readonly kind: 'write'; readonly file: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: number; readonly sizeBytes: number }
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'syncFolder' }
  /** A sync that failed: what was written since the last one is read as written, and will never be durable. */
  | { readonly kind: 'forget'; readonly file: number }

/** A call that fails: the `at`-th of those that change something, counted from 0. */
export interface Failure {
  readonly at: number
  readonly code: 'EIO' | 'ENOSPC'
  /** Whether every later call that takes space (`ENOSPC`) or changes anything (`EIO`) fails too. */
  readonly forever: boolean
  /** Bytes of a failing write that arrive all the same. */
  readonly partialBytes?: number
}

interface SimulatedFile {
  readonly id: number
  bytes: Uint8Array
}

/**
 * A disk in memory that remembers every operation, so that `crashState` can say what a power cut would have left, and fails
 * where it is told to.
 */
export class SimulatedDisk implements Disk {
  readonly #names: Map<string, SimulatedFile> = new Map()
  readonly #operations: Operation[] = []
  readonly #initial: ReadonlyMap<string, Uint8Array>
  #failure: Failure | undefined
  #files = 0
  #calls = 0
  #holder: string | undefined

  /** @param files durable from the start; copied */
  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#initial = files
    for (const [name, bytes] of files)
      this.#names.set(name, { id: this.#files++, bytes: new Uint8Array(bytes) })
  }

  /** Every change so far, in order; a point in it is what a crash happens at. */
  get operations(): readonly Operation[] {
    return this.#operations
  }

  /** What was durable before the first operation; the files are numbered in this order. */
  get initial(): ReadonlyMap<string, Uint8Array> {
    return this.#initial
  }

  /** Calls that would change something, made so far: what `Failure.at` counts. */
  get calls(): number {
    return this.#calls
  }

  /** Makes a later call fail; undefined: none. */
  fail(failure: Failure | undefined): void {
    this.#failure = failure
  }

  /** All files as they are read now, copied: what the end of the process, without one of the machine, leaves. */
  contents(): Map<string, Uint8Array> {
    return new Map([...this.#names].map(([name, { bytes }]) => [name, new Uint8Array(bytes)]))
  }

  path(name: string): string {
    return `simulated/${name}`
  }

  async list(): Promise<StoredFile[]> {
    return [...this.#names].map(([name, { bytes }]) => ({ name, sizeBytes: bytes.length }))
  }

  async open(name: string, mode: DiskMode): Promise<DiskFile> {
    const found = this.#names.get(name)
    if (mode !== 'create') {
      if (!found) throw systemError('ENOENT')
      return this.#open(found)
    }
    if (found) throw systemError('EEXIST')
    this.#call('create')
    const file = { id: this.#files++, bytes: new Uint8Array(0) }
    this.#names.set(name, file)
    this.#operations.push({ kind: 'create', name, file: file.id })
    return this.#open(file)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call('rename')
    const file = this.#names.get(from)
    if (!file) throw systemError('ENOENT')
    this.#names.delete(from)
    this.#names.set(to, file)
    this.#operations.push({ kind: 'rename', from, to })
  }

  async unlink(name: string): Promise<void> {
    if (!this.#names.has(name)) throw systemError('ENOENT')
    this.#call('unlink')
    this.#names.delete(name)
    this.#operations.push({ kind: 'unlink', name })
  }

  async syncFolder(): Promise<void> {
    this.#call('syncFolder')
    this.#operations.push({ kind: 'syncFolder' })
  }

  async lock(holder: string): Promise<StorageLock> {
    if (this.#holder !== undefined) throw new OmenError('locked', `${this.#holder} holds the lock`)
    this.#holder = holder
    let held = true
    return {
      release: async () => {
        if (held) this.#holder = undefined
        held = false
      },
    }
  }

  #open(file: SimulatedFile): DiskFile {
    const { id } = file
    return {
      size: async () => file.bytes.length,
      read: async (target, offset) => {
        const found = file.bytes.subarray(offset, offset + target.length)
        target.set(found)
        return found.length
      },
      write: async (bytes, offset) => {
        const failing = this.#failsNow('write')
        const arriving = failing ? bytes.subarray(0, failing.partialBytes ?? 0) : bytes
        if (arriving.length > 0) {
          file.bytes = written(file.bytes, offset, arriving)
          this.#operations.push({ kind: 'write', file: id, offset, bytes: new Uint8Array(arriving) })
        }
        if (failing) throw systemError(failing.code)
      },
      truncate: async (sizeBytes) => {
        this.#call('truncate')
        file.bytes = resized(file.bytes, sizeBytes)
        this.#operations.push({ kind: 'truncate', file: id, sizeBytes })
      },
      sync: async () => {
        const failing = this.#failsNow('sync')
        this.#operations.push({ kind: failing ? 'forget' : 'sync', file: id })
        if (failing) throw systemError(failing.code)
      },
      close: async () => undefined,
    }
  }

  #call(kind: Operation['kind']): void {
    const failing = this.#failsNow(kind)
    if (failing) throw systemError(failing.code)
  }

  #failsNow(kind: Operation['kind']): Failure | undefined {
    const call = this.#calls++
    const failure = this.#failure
    if (!failure || call < failure.at || (call > failure.at && !failure.forever)) return undefined
    // Even a full disk lets go of what it has, and keeps what it has taken.
    const takesSpace = kind === 'write' || kind === 'create'
    return failure.code === 'EIO' || takesSpace ? failure : undefined
  }
}

/** The bytes with others written over them from `offset` on: a hole reads as zeros. */
export function written(old: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const whole = resized(old, Math.max(old.length, offset + bytes.length))
  whole.set(bytes, offset)
  return whole
}

/** A copy, cut or filled up with zeros. */
export function resized(old: Uint8Array, sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes)
  whole.set(old.subarray(0, sizeBytes))
  return whole
}

function systemError(code: string): Error {
  return Object.assign(new Error(`simulated ${code}`), { code })
}
