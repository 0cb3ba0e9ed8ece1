import type { Accelerator, NativeTexts } from './accelerator.ts'

/** A text of each row in UTF-8, one after another, in memory that is borrowed. */
export interface TextColumnParts {
  readonly bytes: Uint8Array
  /** Where the text of each row ends: u64 each, the low word first. */
  readonly ends: Uint32Array
  /**
   * A bit for each `TEXT_PAGE_BYTES` that may be read, because they are known to be what was written; all of them may when it is
   * left out. Bits may be set at any time.
   */
  readonly sound?: Uint32Array | undefined
}

/** Bytes under one bit of `TextColumnParts.sound`: what the system reads at least when mapped bytes are touched. */
export const TEXT_PAGE_BYTES = 4096
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Reads texts of several rows as one, which takes a fraction of the time of reading one by one. */
export class TextColumn {
  readonly #parts: TextColumnParts
  readonly #native: NativeTexts | undefined

  /** @param parts borrowed as long as this is used */
  constructor(parts: TextColumnParts, accelerator: Accelerator | undefined) {
    this.#parts = parts
    this.#native = accelerator?.createTexts(parts)
  }

  /**
   * The texts of rows in brackets and with commas between them: an array of JSON where each of them is JSON.
   *
   * @returns undefined where they must be read one by one: a text does not lie in the column, or on a page that may not be read,
   * or, by the accelerator, all of them are longer than a MiB
   */
  join(rows: Uint32Array): string | undefined {
    if (this.#native) return this.#native.join(rows)
    const texts: string[] = []
    for (const row of rows) {
      const text = textOf(this.#parts, row)
      if (text === undefined) return undefined
      texts.push(text)
    }
    return `[${texts.join()}]`
  }
}

function textOf({ bytes, ends, sound }: TextColumnParts, row: number): string | undefined {
  if (row >= ends.length / 2) return undefined
  const start = textStart(ends, row)
  const end = textEnd(ends, row)
  if (start > end || end > bytes.length || !(sound === undefined || areSound(sound, start, end)))
    return undefined
  return utf8.decode(bytes.subarray(start, end))
}

/** Where the text of a row begins, by `TextColumnParts.ends`. */
export function textStart(ends: Uint32Array, row: number): number {
  return row === 0 ? 0 : textEnd(ends, row - 1)
}

/** Where it ends. */
export function textEnd(ends: Uint32Array, row: number): number {
  return (ends[row * 2] as number) + (ends[row * 2 + 1] as number) * 2 ** 32
}

function areSound(sound: Uint32Array, start: number, end: number): boolean {
  if (start === end) return true
  for (let page = Math.floor(start / TEXT_PAGE_BYTES); page * TEXT_PAGE_BYTES < end; page++) {
    if ((((sound[page >>> 5] ?? 0) >>> (page & 31)) & 1) === 0) return false
  }
  return true
}
