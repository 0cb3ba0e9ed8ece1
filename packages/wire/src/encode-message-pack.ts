import { OmenError } from '@omen/core'
import { describe, isPlainObject, wellFormed } from '@omen/schema/check'
import { TIMESTAMP_EXTENSION, VECTOR_EXTENSION } from './check-message-pack.ts'
import { bytesOfVector } from './vector-bytes.ts'

/** Arrays and maps that may stand in each other: what holds itself ends here. */
const MAX_DEPTH = 200
const FIRST_BYTES = 4096
/** Memory that one large document took is not kept for the small ones after it. */
const KEPT_BYTES = 1 << 20

/** Texts below this have their length in one byte. */
const SHORT_TEXT = 32
/** Bytes of UTF-8 that a character of JavaScript takes, at most. */
const MAX_CHARACTER_BYTES = 3
const TEXT_HEAD_BYTES = 5

const MAX_U8 = 0xff
const MAX_U16 = 0xffff
const MAX_U32 = 0xffff_ffff
const MAX_U34 = 0x3_ffff_ffff
/** Lengths of extensions that need no more than a head. */
const FIXED_EXTENSION_BYTES: readonly number[] = [1, 2, 4, 8, 16]
const TWO_32 = 0x1_0000_0000
const MS_NS = 1_000_000

const utf8 = new TextEncoder()

/** The error for a value that no body can hold. */
export function unsendable(value: unknown): OmenError {
  return new OmenError(
    'invalid_argument',
    `expected plain data, a Date or a Float32Array, got ${describe(value)}`,
  )
}

/**
 * Writes documents as MessagePack: every number, text and length in the shortest form there is for it. The format is at
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export class MessagePackWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  /**
   * @returns borrowed until the next call
   * @throws OmenError `invalid_argument` for what is neither plain data, nor a date, nor a vector
   */
  write(document: unknown): Uint8Array<ArrayBuffer> {
    this.#at = 0
    if (this.#bytes.length > KEPT_BYTES) this.#replaceMemory(FIRST_BYTES)
    this.#value(document, 0)
    return this.#bytes.subarray(0, this.#at)
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === 'string') this.#text(value)
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2)
    else if (value === undefined || value === null) this.#byte(0xc0)
    else if (typeof value === 'object') this.#object(value, depth)
    else throw unsendable(value)
  }

  #object(value: object, depth: number): void {
    if (depth === MAX_DEPTH) {
      throw new OmenError('invalid_argument', `it cannot be sent: it is more than ${MAX_DEPTH} levels deep`)
    }
    if (Array.isArray(value)) {
      this.#length(value.length, 0x90, 0xdc)
      for (const each of value) this.#value(each, depth + 1)
    } else if (isPlainObject(value)) this.#map(value, depth)
    else if (value instanceof Float32Array) this.#vector(value)
    else if (value instanceof Date) this.#date(value)
    else throw unsendable(value)
  }

  /** What is undefined is left out. */
  #map(fields: Readonly<Record<string, unknown>>, depth: number): void {
    const names = Object.keys(fields)
    let length = 0
    for (const name of names) if (fields[name] !== undefined) length++
    this.#length(length, 0x80, 0xde)
    for (const name of names) {
      const value = fields[name]
      if (value === undefined) continue
      this.#text(name)
      this.#value(value, depth + 1)
    }
  }

  /** How many elements an array or a map has. */
  #length(length: number, short: number, long: number): void {
    this.#reserve(5)
    if (length < 16) this.#bytes[this.#at++] = short | length
    else if (length <= MAX_U16) this.#head16(long, length)
    else this.#head32(long + 1, length)
  }

  #number(value: number): void {
    this.#reserve(9)
    if (!Number.isSafeInteger(value)) {
      this.#bytes[this.#at] = 0xcb
      this.#view.setFloat64(this.#at + 1, value)
      this.#at += 9
    } else if (value >= 0) this.#natural(value)
    else this.#negative(value)
  }

  #natural(value: number): void {
    if (value < 0x80) this.#bytes[this.#at++] = value
    else if (value <= MAX_U8) this.#head8(0xcc, value)
    else if (value <= MAX_U16) this.#head16(0xcd, value)
    else if (value <= MAX_U32) this.#head32(0xce, value)
    else this.#head64(0xcf, value)
  }

  #negative(value: number): void {
    if (value >= -0x20) this.#bytes[this.#at++] = value
    else if (value >= -0x80) this.#head8(0xd0, value)
    else if (value >= -0x8000) this.#head16(0xd1, value)
    else if (value >= -0x8000_0000) this.#head32(0xd2, value)
    else this.#head64(0xd3, value)
  }

  #text(text: string): void {
    const { length } = text
    this.#reserve(TEXT_HEAD_BYTES + length * MAX_CHARACTER_BYTES)
    if (length < SHORT_TEXT && this.#shortAscii(text)) return
    // The encoder would put another character in the place of half a surrogate pair.
    wellFormed(text)
    // Its bytes are counted by writing them behind the longest head that may be needed.
    const body = this.#at + TEXT_HEAD_BYTES
    const bytes = utf8.encodeInto(text, this.#bytes.subarray(body)).written
    if (bytes < SHORT_TEXT) this.#bytes[this.#at++] = 0xa0 | bytes
    else if (bytes <= MAX_U8) this.#head8(0xd9, bytes)
    else if (bytes <= MAX_U16) this.#head16(0xda, bytes)
    else this.#head32(0xdb, bytes)
    this.#bytes.copyWithin(this.#at, body, body + bytes)
    this.#at += bytes
  }

  /** Names of fields and ids, mostly. @returns false, with nothing written, where there are other characters than ASCII */
  #shortAscii(text: string): boolean {
    const bytes = this.#bytes
    let at = this.#at
    bytes[at++] = 0xa0 | text.length
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return false
      bytes[at++] = code
    }
    this.#at = at
    return true
  }

  #vector(vector: Float32Array): void {
    const bytes = bytesOfVector(vector)
    this.#extension(VECTOR_EXTENSION, bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #date(date: Date): void {
    const ms = date.getTime()
    if (Number.isNaN(ms)) throw unsendable(date)
    const seconds = Math.floor(ms / 1000)
    const ns = (ms - seconds * 1000) * MS_NS
    if (seconds < 0 || seconds > MAX_U34) {
      this.#extension(TIMESTAMP_EXTENSION, 12)
      this.#word(ns)
      this.#words(seconds)
    } else if (ns === 0 && seconds <= MAX_U32) {
      this.#extension(TIMESTAMP_EXTENSION, 4)
      this.#word(seconds)
    } else {
      this.#extension(TIMESTAMP_EXTENSION, 8)
      this.#word(ns * 4 + Math.floor(seconds / TWO_32))
      this.#word(seconds)
    }
  }

  #extension(type: number, bytes: number): void {
    this.#reserve(6 + bytes)
    const fixed = FIXED_EXTENSION_BYTES.indexOf(bytes)
    if (fixed >= 0) this.#bytes[this.#at++] = 0xd4 + fixed
    else if (bytes <= MAX_U8) this.#head8(0xc7, bytes)
    else if (bytes <= MAX_U16) this.#head16(0xc8, bytes)
    else this.#head32(0xc9, bytes)
    this.#bytes[this.#at++] = type
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  #head8(head: number, value: number): void {
    this.#bytes[this.#at++] = head
    this.#bytes[this.#at++] = value
  }

  #head16(head: number, value: number): void {
    this.#bytes[this.#at] = head
    this.#view.setUint16(this.#at + 1, value)
    this.#at += 3
  }

  #head32(head: number, value: number): void {
    this.#bytes[this.#at++] = head
    this.#word(value)
  }

  #head64(head: number, value: number): void {
    this.#bytes[this.#at++] = head
    this.#words(value)
  }

  /** The lower 32 bits of a whole number. */
  #word(value: number): void {
    this.#view.setUint32(this.#at, value)
    this.#at += 4
  }

  /** A whole number as 64 bits. */
  #words(value: number): void {
    this.#word(Math.floor(value / TWO_32))
    this.#word(value)
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed > this.#bytes.length) this.#replaceMemory(needed * 2)
  }

  #replaceMemory(bytes: number): void {
    const memory = new Uint8Array(bytes)
    memory.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = memory
    this.#view = new DataView(memory.buffer)
  }
}
