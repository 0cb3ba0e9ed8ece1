import { type Operation, resized, type SimulatedDisk, written } from './simulated-disk.ts'

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512

/**
 * Goes through a run of operations and says, for any point of it, what a power cut there may leave: everything that was
 * synced, and of the rest any part, in any order, torn at 512 bytes.
 */
export class Crashes {
  readonly #operations: readonly Operation[]
  readonly #durableNames: Map<string, number> = new Map()
  readonly #durableBytes: Map<number, Uint8Array> = new Map()
  /** Changes of names since the folder was synced. */
  #names: Operation[] = []
  /** Changes of each file since it was synced. */
  readonly #changes: Map<number, Operation[]> = new Map()
  readonly #current: Map<string, number> = new Map()
  #point = 0

  constructor(disk: SimulatedDisk) {
    this.#operations = disk.operations
    for (const [i, [name, bytes]] of [...disk.initial].entries()) {
      this.#durableNames.set(name, i)
      this.#current.set(name, i)
      this.#durableBytes.set(i, bytes)
    }
  }

  /** How many operations are done. */
  get point(): number {
    return this.#point
  }

  /** Does operations up to a point, which is not before the present one. */
  advance(point: number): void {
    for (const operation of this.#operations.slice(this.#point, point)) this.#apply(operation)
    this.#point = point
  }

  /**
   * What a power cut now leaves: each call draws another of the possible states.
   *
   * @param random gives numbers from 0 to below 1: the same numbers, the same state
   */
  state(random: () => number): Map<string, Uint8Array> {
    const names = new Map(this.#durableNames)
    const renamed = new Map(this.#durableNames)
    for (const [operation, survives] of surviving(this.#names, random)) {
      applyName(renamed, operation, (name, file) => (survives ? names.set(name, file) : undefined))
      if (survives && operation.kind === 'rename') names.delete(operation.from)
      if (survives && operation.kind === 'unlink') names.delete(operation.name)
    }
    return new Map([...names].map(([name, file]) => [name, this.#bytes(file, random)]))
  }

  #apply(operation: Operation): void {
    switch (operation.kind) {
      case 'create':
      case 'rename':
      case 'unlink':
        this.#names.push(operation)
        applyName(this.#current, operation)
        return
      case 'write':
      case 'truncate': {
        const changes = this.#changes.get(operation.file) ?? []
        this.#changes.set(operation.file, [...changes, operation])
        return
      }
      case 'sync':
        this.#durableBytes.set(operation.file, this.#versions(operation.file).at(-1) ?? new Uint8Array(0))
        this.#changes.delete(operation.file)
        return
      case 'syncFolder':
        this.#durableNames.clear()
        for (const [name, file] of this.#current) this.#durableNames.set(name, file)
        this.#names = []
        return
      case 'forget':
        // Nobody will write these any more; where they lay is what was there before, or nothing.
        this.#changes.delete(operation.file)
    }
  }

  /** The file as it was after each change since it was synced, the first before any. */
  #versions(file: number): Uint8Array[] {
    const versions = [this.#durableBytes.get(file) ?? new Uint8Array(0)]
    for (const change of this.#changes.get(file) ?? []) {
      const before = versions.at(-1) ?? new Uint8Array(0)
      if (change.kind === 'write') versions.push(written(before, change.offset, change.bytes))
      if (change.kind === 'truncate') versions.push(resized(before, change.sizeBytes))
    }
    return versions
  }

  #bytes(file: number, random: () => number): Uint8Array {
    const versions = this.#versions(file)
    const choose = (): Uint8Array => versions[Math.floor(random() * versions.length)] ?? new Uint8Array(0)
    if (versions.length === 1 || random() < 0.25) return choose()
    const bytes = new Uint8Array(sizeOf(versions, random))
    const durableBytes = versions[0]?.length ?? 0
    // Each sector is of some moment; a new one, where data is not ordered before sizes, now and then of another file.
    const garbage = random() < 0.1
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      const end = Math.min(at + SECTOR_BYTES, bytes.length)
      if (garbage && at >= durableBytes && random() < 0.5) bytes.fill(Math.floor(random() * 256), at, end)
      else bytes.set(choose().subarray(at, end), at)
    }
    return bytes
  }
}

/** Whether each operation survives: all, none, those before some moment, or any. */
function surviving(operations: readonly Operation[], random: () => number): [Operation, boolean][] {
  const moment = Math.floor(random() * (operations.length + 1))
  const ordered = random() < 0.5
  return operations.map((operation, i) => [operation, ordered ? i < moment : random() < 0.5])
}

function applyName(
  names: Map<string, number>,
  operation: Operation,
  set: (name: string, file: number) => void = () => undefined,
): void {
  if (operation.kind === 'create') {
    names.set(operation.name, operation.file)
    set(operation.name, operation.file)
  } else if (operation.kind === 'rename') {
    const file = names.get(operation.from)
    names.delete(operation.from)
    if (file === undefined) return
    names.set(operation.to, file)
    set(operation.to, file)
  } else if (operation.kind === 'unlink') {
    names.delete(operation.name)
  }
}

/** A size that the file may be found with: that of some moment, or one between. */
function sizeOf(versions: readonly Uint8Array[], random: () => number): number {
  const sizes = versions.map(({ length }) => length)
  if (random() < 0.8) return sizes[Math.floor(random() * sizes.length)] ?? 0
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  return least + Math.floor(random() * (most - least + 1))
}
