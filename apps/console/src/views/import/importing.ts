import type { CollectionInfo, OmenError } from '@omen/client'
import { type Signal, signal } from '@preact/signals'
import { importLines } from '../../api/administration.ts'
import { asOmenError } from '../../api/session.ts'
import { readRows } from './read-file.ts'

/** A row that the server refused, and why. */
export interface BadRow {
  /** Counted from 1 in the file. */
  readonly line: number
  readonly code: string
  readonly message: string
  readonly text: string
}

/** One file on its way into a collection. */
export class Importing {
  readonly file: File
  readonly state: Signal<'running' | 'done' | 'stopped' | 'failed'> = signal<
    'running' | 'done' | 'stopped' | 'failed'
  >('running')
  readonly bytesRead: Signal<number> = signal(0)
  readonly written: Signal<number> = signal(0)
  readonly replaced: Signal<number> = signal(0)
  readonly bad: Signal<readonly BadRow[]> = signal([])
  readonly error: Signal<OmenError | undefined> = signal(undefined)
  readonly #stop = new AbortController()
  readonly #began: number = performance.now()

  constructor(file: File) {
    this.file = file
  }

  /** Writes batch after batch; what was written stays when it is stopped. */
  async run({ name, schema }: CollectionInfo): Promise<void> {
    try {
      for await (const { lines, numbers, bytesRead } of readRows(this.file, schema)) {
        const { written, removed, errors } = await importLines(name, lines.join('\n'), this.#stop.signal)
        this.written.value += written
        this.replaced.value += removed
        this.bytesRead.value = bytesRead
        if (errors.length === 0) continue
        const refused = errors.map(({ line, code, message }) => ({
          ...{ line: numbers[line - 1] ?? line, code, message },
          text: lines[line - 1] ?? '',
        }))
        this.bad.value = [...this.bad.value, ...refused].sort((a, b) => a.line - b.line)
      }
      this.bytesRead.value = this.file.size
      this.state.value = 'done'
    } catch (error) {
      this.state.value = this.#stop.signal.aborted ? 'stopped' : 'failed'
      if (!this.#stop.signal.aborted) this.error.value = asOmenError(error)
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Rows a second since the beginning. */
  get rowsPerSecond(): number {
    return (this.written.value * 1000) / Math.max(1, performance.now() - this.#began)
  }
}
