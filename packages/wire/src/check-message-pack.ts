import { OmenError } from '@omen/core'

/** The extension type of vectors: little-endian f32. */
export const VECTOR_EXTENSION = 1
const TIMESTAMP_EXTENSION = -1
const TIMESTAMP_BYTES: readonly number[] = [4, 8, 12]
const FLOAT_BYTES = 4

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Walks over a document of MessagePack without making anything of it, and refuses what should not be made: what claims more
 * elements than there are bytes left for, so that memory is bounded by what really came; what is nested too deeply; text that
 * is no UTF-8; keys that are no text; extensions that are neither vectors nor timestamps; and bytes behind the end.
 *
 * @throws OmenError `invalid_argument`
 */
export function checkMessagePack(bytes: Uint8Array, maxDepth: number): void {
  new Check(bytes, maxDepth).document()
}

/** The format is at https://github.com/msgpack/msgpack/blob/master/spec.md */
class Check {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #maxDepth: number
  #at = 0
  /** Elements that are still to come, of every array and map that is open. */
  #pending = 1

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#maxDepth = maxDepth
  }

  document(): void {
    this.#value(0)
    if (this.#at !== this.#bytes.length) throw refused('there are bytes behind its end')
  }

  #value(depth: number): void {
    this.#pending--
    const head = this.#take(1)
    if (head <= 0x7f || head >= 0xe0) return
    if (head <= 0x8f) this.#map(head & 0x0f, depth)
    else if (head <= 0x9f) this.#array(head & 0x0f, depth)
    else if (head <= 0xbf) this.#text(head & 0x1f)
    else this.#longValue(head, depth)
  }

  #longValue(head: number, depth: number): void {
    switch (head) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        break
      case 0xc4: // bin 8, 16, 32
      case 0xc5:
      case 0xc6:
        this.#skip(this.#take(1 << (head - 0xc4)))
        break
      case 0xc7: // ext 8, 16, 32
      case 0xc8:
      case 0xc9:
        this.#extension(this.#take(1 << (head - 0xc7)))
        break
      case 0xca: // f32
      case 0xce: // u32
      case 0xd2: // i32
        this.#skip(4)
        break
      case 0xcb: // f64
      case 0xcf: // u64
      case 0xd3: // i64
        this.#skip(8)
        break
      case 0xcc: // u8
      case 0xd0: // i8
        this.#skip(1)
        break
      case 0xcd: // u16
      case 0xd1: // i16
        this.#skip(2)
        break
      case 0xd4: // fixext 1, 2, 4, 8, 16
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        this.#extension(1 << (head - 0xd4))
        break
      case 0xd9: // str 8, 16, 32
      case 0xda:
      case 0xdb:
        this.#text(this.#take(1 << (head - 0xd9)))
        break
      case 0xdc: // array 16, 32
      case 0xdd:
        this.#array(this.#take(2 << (head - 0xdc)), depth)
        break
      case 0xde: // map 16, 32
      case 0xdf:
        this.#map(this.#take(2 << (head - 0xde)), depth)
        break
      default:
        throw refused(`byte ${head} has no meaning`)
    }
  }

  #array(length: number, depth: number): void {
    this.#open(length, depth)
    for (let i = 0; i < length; i++) this.#value(depth + 1)
  }

  #map(length: number, depth: number): void {
    this.#open(2 * length, depth)
    for (let i = 0; i < length; i++) {
      const head = this.#bytes[this.#at] ?? 0
      if (!(head >= 0xa0 && head <= 0xbf) && !(head >= 0xd9 && head <= 0xdb))
        throw refused('a key is no text')
      this.#value(depth + 1)
      this.#value(depth + 1)
    }
  }

  #open(elements: number, depth: number): void {
    if (depth >= this.#maxDepth) throw refused(`it is nested more than ${this.#maxDepth} levels deep`)
    this.#pending += elements
    // Every element takes a byte at least.
    if (this.#pending > this.#bytes.length - this.#at) throw refused('it has fewer elements than it says')
  }

  #text(length: number): void {
    const from = this.#at
    this.#skip(length)
    for (let i = from; i < this.#at; i++) {
      if ((this.#bytes[i] as number) < 0x80) continue
      try {
        utf8.decode(this.#bytes.subarray(i, this.#at))
        return
      } catch {
        throw refused('a text is not UTF-8')
      }
    }
  }

  #extension(length: number): void {
    const type = (this.#take(1) << 24) >> 24
    if (type === VECTOR_EXTENSION) {
      if (length % FLOAT_BYTES !== 0)
        throw refused(`a vector of f32 has a multiple of 4 bytes, got ${length}`)
    } else if (type !== TIMESTAMP_EXTENSION || !TIMESTAMP_BYTES.includes(length)) {
      throw refused(`there is no extension ${type} of ${length} bytes`)
    }
    this.#skip(length)
  }

  /** The big-endian number in the next 1, 2 or 4 bytes. */
  #take(size: number): number {
    const at = this.#at
    this.#skip(size)
    switch (size) {
      case 1:
        return this.#view.getUint8(at)
      case 2:
        return this.#view.getUint16(at)
      default:
        return this.#view.getUint32(at)
    }
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#at) throw refused('it ends too early')
    this.#at += length
  }
}

function refused(why: string): OmenError {
  return new OmenError('invalid_argument', `this is no MessagePack that is accepted: ${why}`)
}
