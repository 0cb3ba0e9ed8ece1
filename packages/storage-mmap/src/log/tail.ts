import { type AppendDurability, OmenError, type StorageBackend, Turns } from '@omen/core'
import type { LogFaults } from './faults.ts'
import type { NamedFile } from './files.ts'
import type { Hash } from './hash.ts'
import { encodeHeader, encodeRecord, fileName, HEADER_BYTES, Place, recordBytes } from './layout.ts'
import type { Position } from './walk.ts'

/** The state of the file that is appended to. */
export interface TailState extends NamedFile {
  readonly fileId: bigint
  /** Its end, where the next record goes. */
  readonly end: Position
  /** Bytes at its start that are known to be durable. */
  readonly durable: number
  /** Offset behind the last record that carries data. */
  readonly dataEnd: number
  /** Bytes at its start of which the file itself proves that they are durable. */
  readonly proven: number
}

export interface TailOptions {
  readonly storage: StorageBackend
  readonly databaseId: Uint8Array
  readonly fileBytes: number
  readonly hash: Hash
  readonly faults: LogFaults
}

/** The end of a log: the one file that is appended to. Calls must not overlap. */
export class Tail {
  readonly #options: TailOptions
  #state: TailState

  constructor(options: TailOptions, state: TailState) {
    this.#options = options
    this.#state = state
  }

  get state(): TailState {
    return this.#state
  }

  get nextSequence(): number {
    return this.#state.end.sequence
  }

  /** Whether so many bytes more are the next file's. */
  isFull(bytes: number): boolean {
    const { offset } = this.#state.end
    return offset > HEADER_BYTES && offset + bytes > this.#options.fileBytes
  }

  /**
   * Writes appends, each whole or not at all, by one write and at most one sync.
   *
   * @param appends the records of each; borrowed
   * @throws OmenError `disk_full`: then nothing was written; any other: then all or some may have been
   */
  async write(appends: readonly (readonly Uint8Array[])[], durability: AppendDurability): Promise<void> {
    const state = this.#state
    const { bytes, end } = await this.#encode(appends, state)
    await this.#append(bytes, this.#options.faults.has('early') ? 'buffered' : durability)
    const durable = durability === 'synced' ? end.offset : state.durable
    this.#state = { ...state, end, durable, dataEnd: end.offset }
  }

  /** Makes durable what is not. */
  async sync(): Promise<void> {
    const state = this.#state
    if (state.durable >= state.end.offset) return
    await this.#options.storage.append(state.name, state.end.offset, new Uint8Array(0), 'synced')
    this.#state = { ...state, durable: state.end.offset }
  }

  /** Says at the end of the file that all of it is durable, so that nobody has to write it again to be sure. */
  async mark(): Promise<void> {
    const { end, dataEnd, proven, fileId } = this.#state
    if (dataEnd <= proven) return
    await this.sync()
    const bytes = new Uint8Array(recordBytes(0))
    const checksum = encodeRecord(
      bytes,
      0,
      { type: 'mark', last: true, sequence: end.sequence, previous: end.previous, durable: end.offset },
      new Uint8Array(0),
      new Place(fileId, this.#options.hash).at(end.offset),
    )
    await this.#append(bytes, 'synced')
    const offset = end.offset + bytes.length
    this.#state = {
      ...this.#state,
      end: { ...end, offset, previous: checksum },
      durable: offset,
      proven: dataEnd,
    }
  }

  /** Goes on in a new file, once all of this one is durable. */
  async rotate(): Promise<void> {
    await this.sync()
    this.#state = await createFile(this.#options, this.#state.end)
  }

  /** Appends at the end; what a full disk let through of it is cut off again. */
  async #append(bytes: Uint8Array, durability: AppendDurability): Promise<void> {
    const { storage } = this.#options
    const { name, end } = this.#state
    try {
      await storage.append(name, end.offset, bytes, durability)
    } catch (error) {
      if (error instanceof OmenError && error.code === 'disk_full') await this.#cut()
      throw error
    }
  }

  async #cut(): Promise<void> {
    const { storage, faults } = this.#options
    const state = this.#state
    if (faults.has('uncut')) {
      const size = (await storage.list()).find((file) => file.name === state.name)?.sizeBytes
      this.#state = { ...state, end: { ...state.end, offset: size ?? state.end.offset } }
      return
    }
    try {
      await storage.append(state.name, state.end.offset, new Uint8Array(0), 'synced')
    } catch (cause) {
      throw new OmenError('io', `the disk is full, and ${state.name} could not be cut to what was good`, {
        cause,
      })
    }
    this.#state = { ...state, durable: state.end.offset }
  }

  async #encode(
    appends: readonly (readonly Uint8Array[])[],
    { fileId, end: start, durable }: TailState,
  ): Promise<{ bytes: Uint8Array; end: Position }> {
    const { hash, faults } = this.#options
    const bytes = new Uint8Array(groupBytes(appends))
    const place = new Place(fileId, hash)
    const turns = new Turns()
    let [at, sequence, previous] = [0, start.sequence, start.previous]
    for (const records of appends) {
      for (const [i, payload] of records.entries()) {
        const last = i === records.length - 1 || faults.has('halves')
        const offset = start.offset + at
        const head = { type: 'data', last, sequence, previous, durable } as const
        previous = encodeRecord(bytes, at, head, payload, place.at(offset))
        at += recordBytes(payload.length)
        sequence++
        if (turns.due) await turns.take()
      }
    }
    return { bytes, end: { offset: start.offset + at, sequence, previous } }
  }
}

/** Bytes that appends take in a file. */
export function groupBytes(appends: readonly (readonly Uint8Array[])[]): number {
  return appends.flat().reduce((sum, record) => sum + recordBytes(record.length), 0)
}

/** A new file without records, whole and durable, which goes on where another ended. */
export async function createFile(
  { storage, databaseId, hash }: Pick<TailOptions, 'storage' | 'databaseId' | 'hash'>,
  { sequence, previous }: Pick<Position, 'sequence' | 'previous'>,
): Promise<TailState> {
  const fileId = newFileId()
  const name = fileName(sequence)
  const header = { databaseId, fileId, firstSequence: sequence, previous, createdBytes: HEADER_BYTES }
  await storage.writeOnce(name, [encodeHeader(header, hash)])
  const end = { offset: HEADER_BYTES, sequence, previous }
  return { name, firstSequence: sequence, fileId, end, ...allDurable(HEADER_BYTES) }
}

/** What is known of a file that was whole and durable before it had its name. */
export function allDurable(sizeBytes: number): Pick<TailState, 'durable' | 'dataEnd' | 'proven'> {
  return { durable: sizeBytes, dataEnd: sizeBytes, proven: sizeBytes }
}

export function newFileId(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n
}
