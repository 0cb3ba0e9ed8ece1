import { appendFileSync, existsSync, rmSync, truncateSync } from 'node:fs'
import { jsonText } from '../output/output.ts'

/** A row that was not imported, and why. */
export interface Rejected {
  readonly line: number
  readonly code: string
  readonly reason: string
  /** The row as it was read, or the text where it could not be. */
  readonly row?: unknown
  readonly text?: string
}

/** Sets aside rows that cannot be imported: one JSON object a line. */
export class Rejects {
  readonly path: string
  #waiting: Rejected[] = []
  #count: number
  #sizeBytes: number

  /** @param count and `sizeBytes` what an earlier run has left and this one goes on from */
  constructor(path: string, { count, sizeBytes }: { readonly count: number; readonly sizeBytes: number }) {
    this.path = path
    this.#count = count
    this.#sizeBytes = sizeBytes
    if (sizeBytes === 0) rmSync(path, { force: true })
    // A run that was killed may have set rows aside that this one will see again.
    else if (existsSync(path)) truncateSync(path, sizeBytes)
  }

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  add(rejected: Rejected): void {
    this.#waiting.push(rejected)
    this.#count++
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const text = this.#waiting.map((each) => `${jsonText(each)}\n`).join('')
    appendFileSync(this.path, text)
    this.#sizeBytes += Buffer.byteLength(text)
    this.#waiting = []
  }
}
