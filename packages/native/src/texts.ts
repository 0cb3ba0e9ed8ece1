import type { NativeTexts, TextColumnParts } from '@omen/core'
import type { Addon, AddonTexts } from './addon.ts'

/** Where C++ finds few rows: an array that it sees for the first time is given memory of its own, which takes microseconds. */
const few = new Uint32Array(1024)

/** Texts of rows, put together in C++. */
export class AcceleratedTexts implements NativeTexts {
  readonly #texts: AddonTexts

  constructor(addon: Addon, { bytes, ends, sound }: TextColumnParts) {
    this.#texts = new addon.Texts(bytes, ends, sound)
  }

  join(rows: Uint32Array): string | undefined {
    const { length } = rows
    if (length > few.length) return this.#texts.join(rows, length)
    few.set(rows)
    return this.#texts.join(few, length)
  }
}
