import { OmenError } from '@omen/core'
import type { Hash } from './hash.ts'

/** The bytes of a log: `docs/format.md` says them in tables. */
export const VERSION = 1
export const HEADER_BYTES = 72
export const RECORD_BYTES = 40
/** Payloads are followed by zeros up to a multiple of this: where a record can begin. */
export const ALIGNMENT = 8
/** The longest payload: a limit on what a damaged length can ask for, and on one write. */
export const MAX_PAYLOAD_BYTES: number = 2 ** 30

const MAGIC = new TextEncoder().encode('OMENLOG1')
const NAME = /^log-(\d{16})$/
const LAST_OF_APPEND = 1

/** `data` is a record of the user's; a `mark`, which takes no sequence, says that all before it is durable. */
export type RecordType = 'data' | 'mark'
const TYPES: readonly (RecordType | undefined)[] = [undefined, 'data', 'mark']

export interface Header {
  /** 16 bytes. */
  readonly databaseId: Uint8Array
  /** Random: what is found of another file, even one of the same name, does not pass for a part of this one. */
  readonly fileId: bigint
  readonly firstSequence: number
  /** Checksum of the record before the first one, in the file before. */
  readonly previous: bigint
  /** Bytes that the file was created with, header and records, all durable before it had its name. */
  readonly createdBytes: number
}

export interface RecordHead {
  readonly type: RecordType
  /** Whether it is the last record of an append: one of which the last is missing never was. */
  readonly last: boolean
  readonly sequence: number
  /** Checksum of the record before. */
  readonly previous: bigint
  /** Bytes at the start of this file that were durable before this record was written. */
  readonly durable: number
  readonly payloadBytes: number
}

export function fileName(firstSequence: number): string {
  return `log-${String(firstSequence).padStart(16, '0')}`
}

/** The first sequence that a file of this name holds; undefined for what is no file of a log. */
export function sequenceOfName(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export function recordBytes(payloadBytes: number): number {
  return RECORD_BYTES + Math.ceil(payloadBytes / ALIGNMENT) * ALIGNMENT
}

export function encodeHeader(header: Header, hash: Hash): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(8, VERSION, true)
  view.setUint32(12, HEADER_BYTES, true)
  bytes.set(header.databaseId, 16)
  view.setBigUint64(32, header.fileId, true)
  view.setBigUint64(40, BigInt(header.firstSequence), true)
  view.setBigUint64(48, header.previous, true)
  view.setBigUint64(56, BigInt(header.createdBytes), true)
  view.setBigUint64(64, hash.of(bytes.subarray(0, 64)), true)
  return bytes
}

/**
 * @param bytes the first `HEADER_BYTES` of the file, fewer where it is shorter
 * @returns why it is no header, when it is none
 * @throws OmenError `unsupported` for another version of the format
 */
export function decodeHeader(bytes: Uint8Array, hash: Hash): Header | string {
  if (bytes.length < HEADER_BYTES) return 'it ends within its header'
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return 'it does not begin like a log'
  const view = viewOf(bytes)
  const version = view.getUint32(8, true)
  const whole = view.getBigUint64(64, true) === hash.of(bytes.subarray(0, 64))
  if (!whole) return 'its header does not match its checksum'
  if (version !== VERSION) {
    throw new OmenError(
      'unsupported',
      `the log has version ${version}, this release reads version ${VERSION}`,
    )
  }
  return {
    databaseId: bytes.slice(16, 32),
    fileId: view.getBigUint64(32, true),
    firstSequence: Number(view.getBigUint64(40, true)),
    previous: view.getBigUint64(48, true),
    createdBytes: Number(view.getBigUint64(56, true)),
  }
}

/**
 * Writes one record, padding and checksum included.
 *
 * @param target overwritten from `at` on; it has room for `recordBytes(payload.length)`
 * @param place where in which file it will be: it goes into the checksum
 * @returns the checksum
 */
export function encodeRecord(
  target: Uint8Array,
  at: number,
  head: Omit<RecordHead, 'payloadBytes'>,
  payload: Uint8Array,
  place: Place,
): bigint {
  const end = at + recordBytes(payload.length)
  const view = viewOf(target)
  view.setUint32(at + 8, payload.length, true)
  view.setUint8(at + 12, TYPES.indexOf(head.type))
  view.setUint8(at + 13, head.last ? LAST_OF_APPEND : 0)
  view.setUint16(at + 14, 0, true)
  view.setBigUint64(at + 16, BigInt(head.sequence), true)
  view.setBigUint64(at + 24, head.previous, true)
  view.setBigUint64(at + 32, BigInt(head.durable), true)
  target.set(payload, at + RECORD_BYTES)
  target.fill(0, at + RECORD_BYTES + payload.length, end)
  const checksum = place.checksum(target.subarray(at + 8, end))
  view.setBigUint64(at, checksum, true)
  return checksum
}

/**
 * What a record's first bytes say, unchecked.
 *
 * @param bytes at least `RECORD_BYTES` from `at` on
 * @returns undefined when they cannot be those of a record
 */
export function decodeRecordHead(bytes: Uint8Array, at = 0): RecordHead | undefined {
  // First what needs no view: looking for records asks this at every eighth byte.
  const type = TYPES[bytes[at + 12] ?? 0]
  const flags = bytes[at + 13] ?? 0
  if (type === undefined || flags > LAST_OF_APPEND || bytes[at + 14] !== 0 || bytes[at + 15] !== 0) {
    return undefined
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_BYTES)
  const payloadBytes = view.getUint32(8, true)
  if (payloadBytes > MAX_PAYLOAD_BYTES) return undefined
  return {
    type,
    last: flags === LAST_OF_APPEND,
    sequence: Number(view.getBigUint64(16, true)),
    previous: view.getBigUint64(24, true),
    durable: Number(view.getBigUint64(32, true)),
    payloadBytes,
  }
}

/**
 * Checks a whole record against the checksum that it begins with.
 *
 * @param bytes exactly its `recordBytes`
 * @returns the checksum; undefined when they are not what was written there
 */
export function checkRecord(bytes: Uint8Array, place: Place): bigint | undefined {
  const checksum = viewOf(bytes).getBigUint64(0, true)
  return checksum === place.checksum(bytes.subarray(8)) ? checksum : undefined
}

/** Where records of a file lie, the first thing that a checksum is taken over: a block found elsewhere does not pass. */
export class Place {
  readonly #hash: Hash
  readonly #bytes: Uint8Array = new Uint8Array(16)
  readonly #view: DataView = new DataView(this.#bytes.buffer)

  constructor(fileId: bigint, hash: Hash) {
    this.#hash = hash
    this.#view.setBigUint64(0, fileId, true)
  }

  /** Moves it to another offset of the file. */
  at(offset: number): this {
    this.#view.setBigUint64(8, BigInt(offset), true)
    return this
  }

  checksum(bytes: Uint8Array): bigint {
    return this.#hash.of(this.#bytes, bytes)
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
