import { once } from 'node:events'

/** Where a command says what it has to say: results on standard output, all else on standard error. */
export class Output {
  /** Whether programs read it: JSON alone, and no progress. */
  readonly json: boolean

  constructor(json: boolean) {
    this.json = json
  }

  /** Whether progress is drawn. */
  get progress(): boolean {
    return !this.json && process.stderr.isTTY === true
  }

  /** The result: a document for programs, lines for people. */
  result(document: unknown, lines: () => string): void {
    process.stdout.write(this.json ? `${jsonText(document)}\n` : `${lines()}\n`)
  }

  /** Says something beside the result, to people. */
  note(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`)
  }

  /** Writes a piece of the result as it is, and waits while nobody reads. */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (!process.stdout.write(chunk)) await once(process.stdout, 'drain')
  }
}

/** A document as JSON: vectors as arrays, maps as objects, errors as code and message. */
export function jsonText(document: unknown): string {
  return JSON.stringify(document, (_, value: unknown) => {
    if (value instanceof Map) return Object.fromEntries(value)
    if (value instanceof Error)
      return { code: 'code' in value ? value.code : 'internal', message: value.message }
    return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value
  })
}
