/** Characters that are handed on at once. */
const PIECE_LENGTH = 1 << 16

/** Text that is written in large pieces, however short its lines are. */
export class TextPieces {
  readonly #put: (text: string) => Promise<void>
  #text = ''

  constructor(put: (text: string) => Promise<void>) {
    this.#put = put
  }

  async add(text: string): Promise<void> {
    this.#text += text
    if (this.#text.length >= PIECE_LENGTH) await this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#text
    this.#text = ''
    if (text !== '') await this.#put(text)
  }
}
