import { OmenError, type Region, type StorageBackend, Turns } from '@omen/core'
import type { Hash } from './hash.ts'
import {
  ALIGNMENT,
  checkRecord,
  decodeHeader,
  decodeRecordHead,
  HEADER_BYTES,
  type Header,
  Place,
  RECORD_BYTES,
  type RecordHead,
  recordBytes,
} from './layout.ts'

/** Read at a time: a file is never read all at once, however long it is. */
const WINDOW_BYTES = 2 ** 20

/** A place where the bytes are not those of a log. */
export interface Damage {
  readonly file: string
  readonly offset: number
  readonly why: string
}

/** Where a walk stands: what must come next. */
export interface Position {
  readonly offset: number
  readonly sequence: number
  /** Checksum of the record before. */
  readonly previous: bigint
}

export interface WalkedRecord {
  readonly head: RecordHead
  readonly checksum: bigint
  readonly payload: Uint8Array
  readonly offset: number
  readonly end: number
}

/** A file of a log, open, its header checked. */
export class LogFile {
  readonly name: string
  readonly header: Header
  readonly sizeBytes: number
  readonly #region: Region
  readonly #place: Place
  /** Bytes `#start` … of the file. */
  #window: Uint8Array = new Uint8Array(0)
  #start = 0

  constructor(name: string, region: Region, header: Header, hash: Hash) {
    this.name = name
    this.header = header
    this.sizeBytes = region.sizeBytes
    this.#region = region
    this.#place = new Place(header.fileId, hash)
  }

  /** Where the first record is. */
  get begin(): Position {
    const { firstSequence, previous } = this.header
    return { offset: HEADER_BYTES, sequence: firstSequence, previous }
  }

  /**
   * The record at a position.
   *
   * @returns undefined at the end of the file; damage where the bytes there are not the record that must come next. Its
   * payload is borrowed until the next call
   */
  async recordAt(position: Position): Promise<WalkedRecord | Damage | undefined> {
    const { offset } = position
    if (offset === this.sizeBytes) return undefined
    const damage = (why: string): Damage => ({ file: this.name, offset, why })
    if (offset + RECORD_BYTES > this.sizeBytes) return damage('the file ends within a record')
    const head = decodeRecordHead(
      this.#held(offset, RECORD_BYTES) ?? (await this.#load(offset, RECORD_BYTES)),
    )
    const record = head ? await this.#check(head, offset) : 'there is no record'
    if (typeof record === 'string') return damage(record)
    if (record.head.sequence !== position.sequence) return damage('it is not the next record')
    if (record.head.previous !== position.previous) return damage('it does not follow the record before')
    return record
  }

  /**
   * A record behind `offset` that proves that what lay there was durable when it was written: then damage there is no write
   * cut short, but loss.
   */
  async proofBehind(offset: number): Promise<number | undefined> {
    if (offset < this.header.createdBytes) return 0
    const turns = new Turns()
    for (let at = offset + ALIGNMENT; at + RECORD_BYTES <= this.sizeBytes; at += ALIGNMENT) {
      if (at + RECORD_BYTES > this.#start + this.#window.length || at < this.#start) {
        await this.#load(at, RECORD_BYTES)
        if (turns.due) await turns.take()
      }
      const head = decodeRecordHead(this.#window, at - this.#start)
      if (!head || head.durable <= offset || head.durable > at) continue
      if (typeof (await this.#check(head, at)) !== 'string') return at
    }
    return undefined
  }

  close(): Promise<void> {
    return this.#region.close()
  }

  /** The record of this head, or why there is none. */
  async #check(head: RecordHead, offset: number): Promise<WalkedRecord | string> {
    const size = recordBytes(head.payloadBytes)
    if (offset + size > this.sizeBytes) return 'the file ends within a record'
    const bytes = this.#held(offset, size) ?? (await this.#load(offset, size))
    const checksum = checkRecord(bytes, this.#place.at(offset))
    if (checksum === undefined) return 'the record does not match its checksum'
    const payload = bytes.subarray(RECORD_BYTES, RECORD_BYTES + head.payloadBytes)
    return { head, checksum, payload, offset, end: offset + size }
  }

  #held(offset: number, size: number): Uint8Array | undefined {
    const at = offset - this.#start
    return at >= 0 && at + size <= this.#window.length ? this.#window.subarray(at, at + size) : undefined
  }

  async #load(offset: number, size: number): Promise<Uint8Array> {
    const length = Math.min(Math.max(size, WINDOW_BYTES), this.sizeBytes - offset)
    // Not zeroed, since all of it is read over; and no Buffer, whose slices are not copies.
    const window = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    await this.#region.readInto(window, offset)
    this.#window = window
    this.#start = offset
    return window.subarray(0, size)
  }
}

/**
 * Opens a file of a log.
 *
 * @returns damage when its header is none
 * @throws OmenError `not_found`, `io`, `unsupported`
 */
export async function openLogFile(
  storage: StorageBackend,
  name: string,
  hash: Hash,
): Promise<LogFile | Damage> {
  const region = await storage.read(name)
  try {
    const bytes = new Uint8Array(Math.min(HEADER_BYTES, region.sizeBytes))
    await region.readInto(bytes, 0)
    const header = decodeHeader(bytes, hash)
    if (typeof header !== 'string' && region.sizeBytes >= header.createdBytes) {
      return new LogFile(name, region, header, hash)
    }
    await region.close()
    if (typeof header === 'string') return { file: name, offset: 0, why: header }
    return { file: name, offset: region.sizeBytes, why: 'it is shorter than it was when it got its name' }
  } catch (error) {
    await region.close()
    throw error
  }
}

export function isDamage(found: LogFile | WalkedRecord | Damage | undefined): found is Damage {
  return found !== undefined && 'why' in found
}

/** What walking a file to its end found: its last whole append ends at `end`. */
export interface Walked {
  readonly end: Position
  /** Bytes at the start of the file of which it is proven that they were durable. */
  readonly durable: number
  /** Offset behind the last record that carries data. */
  readonly dataEnd: number
  readonly records: number
  /** The last record of the last whole append, and where it is: by which the file can be known again. */
  readonly latest: { readonly at: Position; readonly checksum: bigint } | undefined
  /** Why the walk ended before the file did; bytes behind `end` without it are an append without its last record. */
  readonly damage: Damage | undefined
}

/**
 * Walks from a position, which is the start of an append, to the end of the file or of what is valid in it.
 *
 * @param visit told of each record, of an append that never ended too; its payload is borrowed until it returns
 */
export async function walk(
  file: LogFile,
  from: Position = file.begin,
  visit?: (record: WalkedRecord) => void,
): Promise<Walked> {
  let position = from
  let end = from
  let durable = file.header.createdBytes
  let dataEnd = from.offset
  let records = 0
  let open = 0
  let latest: Walked['latest']
  for (;;) {
    const found = await file.recordAt(position)
    if (found === undefined || isDamage(found))
      return { end, durable, dataEnd, records, latest, damage: found }
    visit?.(found)
    const counts = found.head.type === 'data' ? 1 : 0
    const at = position
    position = { offset: found.end, sequence: found.head.sequence + counts, previous: found.checksum }
    durable = Math.max(durable, found.head.durable)
    open += counts
    if (!found.head.last) continue
    end = position
    latest = { at, checksum: found.checksum }
    records += open
    open = 0
    if (counts > 0) dataEnd = found.end
  }
}

/**
 * What is wrong at the end of the last file of a log, once walked, if a crash cannot have left it so: an append that was cut
 * short is nothing wrong.
 */
export async function lossAtEnd(file: LogFile, walked: Walked): Promise<Damage | undefined> {
  const { damage, durable, end } = walked
  const proof = damage && (await file.proofBehind(damage.offset))
  if (damage && (proof !== undefined || end.offset < durable)) return damage
  if (end.offset >= durable) return undefined
  return { file: file.name, offset: end.offset, why: 'the last record of an append is missing' }
}

/** The error for a log of which something is lost. */
export function corruptLog({ file, offset, why }: Damage): OmenError {
  return new OmenError(
    'corrupt_log',
    `${file} is damaged at byte ${offset}: ${why}; a repair keeps what comes before and sets the rest aside`,
  )
}
