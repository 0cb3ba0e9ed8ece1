import {
  type Accelerator,
  type IndexImage,
  type JsonObject,
  OmenError,
  type Section,
  TextColumn,
  textEnd,
  textStart,
} from '@omen/core'
import { sectionBytes, wordsOf } from './load.ts'
import { Pace } from './pace.ts'
import { CheckedPages, PageChecksums } from './pages.ts'
import type { StoredPayloads } from './payload.ts'

const TEXTS = 'payload'
const ENDS = 'payload.ends'
const PAGES = 'payload.pages'
/** Texts gathered at a time: to gather a mebibyte would hold the event loop for ten milliseconds. */
const BLOCK_BYTES = 1 << 17

/**
 * The sections in which payload is stored: the JSON of each row in UTF-8 one after another, where each ends (u64), and the
 * checksums of their pages.
 *
 * @param source borrowed until the last walk through the parts, and walked through once before this resolves, with turns for
 * the event loop
 * @throws OmenError `aborted`
 */
export async function payloadStoreSections(
  source: StoredPayloads,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Section[]> {
  const pace = new Pace(options.signal)
  const { rows } = source
  const ends = new Uint32Array(rows * 2)
  const pages = await PageChecksums.begin()
  let end = 0
  for (let row = 0; row < rows; row++) {
    const text = source.stored(row)
    pages.add(text)
    end += text.length
    ends[row * 2] = end % 2 ** 32
    ends[row * 2 + 1] = Math.floor(end / 2 ** 32)
    if (row % 64 === 0 && pace.due) await pace.take()
  }
  return [
    { name: TEXTS, sizeBytes: end, parts: () => texts(source) },
    { name: ENDS, sizeBytes: ends.byteLength, parts: () => [new Uint8Array(ends.buffer)] },
    pages.section(PAGES),
  ]
}

/** The texts of all rows, gathered in blocks: a part for every row would be too small a piece. */
function* texts(source: StoredPayloads): Generator<Uint8Array, void, undefined> {
  let block: Uint8Array[] = []
  let size = 0
  for (let row = 0; row < source.rows; row++) {
    const text = source.stored(row)
    block.push(text)
    size += text.length
    if (size >= BLOCK_BYTES) {
      yield Buffer.concat(block, size)
      block = []
      size = 0
    }
  }
  yield Buffer.concat(block, size)
}

/** The stored payload of a sealed segment, read in place where its file is mapped: no page before it was checked. */
export class PayloadStore implements StoredPayloads {
  readonly rows: number
  readonly #texts: Buffer
  readonly #ends: Uint32Array
  /** Undefined where all bytes were checked when they were read. */
  readonly #pages: CheckedPages | undefined
  readonly #column: TextColumn

  private constructor(
    texts: Uint8Array,
    ends: Uint32Array,
    pages: CheckedPages | undefined,
    accelerator: Accelerator | undefined,
  ) {
    this.rows = ends.length / 2
    this.#pages = pages
    this.#texts = Buffer.from(texts.buffer, texts.byteOffset, texts.length)
    this.#ends = ends
    this.#column = new TextColumn({ bytes: texts, ends, sound: pages?.sound }, accelerator)
  }

  /**
   * Opens what `payloadStoreSections` stored. A text that lies in place is checked when its page is first read; all of them at
   * once in a file of before there were checksums of pages.
   *
   * @param image borrowed as long as the store is used
   * @throws OmenError `corrupt_index`, `io`, `aborted`, `closed`
   */
  static async open(
    image: IndexImage,
    rows: number,
    options: {
      readonly signal?: AbortSignal | undefined
      readonly accelerator?: Accelerator | undefined
    } = {},
  ): Promise<PayloadStore> {
    const { signal, accelerator } = options
    const now = { signal, verify: true }
    const paged = image.sections.has(PAGES)
    const texts = await sectionBytes(image, TEXTS, { signal, verify: !paged })
    const ends = wordsOf(image, ENDS, await sectionBytes(image, ENDS, now), rows * 2)
    const inPlace = texts.buffer === image.sections.get(TEXTS)?.mapped?.buffer
    if (!(paged && inPlace)) return new PayloadStore(texts, ends, undefined, accelerator)
    const pages = CheckedPages.count(texts.length)
    const checksums = wordsOf(image, PAGES, await sectionBytes(image, PAGES, now), pages * 2)
    return new PayloadStore(texts, ends, await CheckedPages.over(texts, checksums), accelerator)
  }

  get sizeBytes(): number {
    return this.#texts.length + this.#ends.byteLength
  }

  /**
   * The payload of a row as JSON in UTF-8: borrowed.
   *
   * @throws OmenError `unknown_row`, `corrupt_index`
   */
  stored(row: number): Uint8Array {
    const end = this.#checkedEnd(row)
    return this.#texts.subarray(textStart(this.#ends, row), end)
  }

  /**
   * The payload fields of a row: a copy.
   *
   * @throws OmenError `unknown_row`, `corrupt_index`
   */
  payload(row: number): JsonObject {
    const end = this.#checkedEnd(row)
    // Reading from the one buffer of all rows, without a view of each, saves a fifth of the time.
    return parseText(this.#texts, textStart(this.#ends, row), end, row)
  }

  /**
   * The payload fields of several rows, in a fraction of the time.
   *
   * @throws OmenError `unknown_row`, `corrupt_index`
   */
  payloads(rows: Uint32Array): JsonObject[] {
    const json = this.#column.join(rows)
    const values = json === undefined ? undefined : parsedArray(json)
    // One by one pages are checked that were never read; and where a text is damaged, that says which.
    return values?.length === rows.length && values.every(isFields)
      ? values
      : Array.from(rows, (row) => this.payload(row))
  }

  /** Where the text of a row ends, when it lies where it can and is what was written. */
  #checkedEnd(row: number): number {
    if (!(row >= 0 && row < this.rows)) {
      throw new OmenError('unknown_row', `there is no row ${row} of ${this.rows}`)
    }
    const start = textStart(this.#ends, row)
    const end = textEnd(this.#ends, row)
    if (!(start <= end && end <= this.#texts.length)) throw damaged(row)
    if (this.#pages && !this.#pages.areSound(start, end)) throw damaged(row)
    return end
  }
}

/**
 * Reads the payload of a row as it is stored.
 *
 * @param stored borrowed
 * @throws OmenError `corrupt_index`
 */
export function parsePayload(stored: Uint8Array, row: number): JsonObject {
  return parseText(Buffer.from(stored.buffer, stored.byteOffset, stored.length), 0, stored.length, row)
}

function parseText(texts: Buffer, start: number, end: number, row: number): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(texts.toString('utf8', start, end))
  } catch (cause) {
    throw damaged(row, cause)
  }
  if (!isFields(value)) throw damaged(row)
  return value
}

/** Undefined for what is no JSON. */
function parsedArray(text: string): unknown[] | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isFields(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function damaged(row: number, cause?: unknown): OmenError {
  return new OmenError('corrupt_index', `the stored payload of row ${row} is damaged`, { cause })
}
