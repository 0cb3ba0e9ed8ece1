import { OmenError } from '@omen/core'
import type { Collection, InputRow, Schema } from '@omen/schema'
import type { BadRecord, SourceRecord } from '../formats/record.ts'
import { type Checkpoint, NOTHING, type Progressed } from './checkpoint.ts'
import type { Mapping, Row } from './mapping.ts'
import type { Rejects } from './rejects.ts'

export interface ImportOptions {
  /** Rows written at once. */
  readonly batchRows: number
  /** Rows that may be rejected before it is given up. */
  readonly maxRejected: number
  /** Stops after the batch that is being written. */
  readonly signal: AbortSignal
  /** Told after every batch. */
  readonly onProgress: (progressed: Progressed) => void
}

/** What an import writes to. */
export interface ImportTarget {
  readonly collection: Collection<Schema>
  readonly mapping: Mapping
  readonly rejects: Rejects
  /** Undefined where the file cannot be read a second time. */
  readonly checkpoint: Checkpoint | undefined
}

/**
 * Writes records as rows, in the order of the file: where two have the same id, the later one wins.
 *
 * @param begun what earlier runs have done
 * @returns what all runs have done; `finished` says whether the end was reached
 * @throws OmenError as `upsert`; `invalid_argument` where too many rows are rejected
 */
export async function importRecords(
  records: AsyncIterable<SourceRecord | BadRecord>,
  target: ImportTarget,
  options: ImportOptions,
  begun: Progressed = NOTHING,
): Promise<Progressed & { readonly finished: boolean }> {
  const run = new ImportRun(target, options, begun)
  try {
    for await (const record of records) {
      await run.add(record)
      if (options.signal.aborted) break
    }
  } catch (error) {
    // What was read before is written, so that the next run begins behind it.
    await run.flush().catch(() => undefined)
    await run.settle().catch(() => undefined)
    throw error
  }
  await run.flush()
  return { ...(await run.settle()), finished: !options.signal.aborted }
}

class ImportRun {
  readonly #target: ImportTarget
  readonly #options: ImportOptions
  #batch = new Map<string, Row>()
  /** Records since the last batch, rejected ones included. */
  #pending = 0
  #position: number
  #done: Progressed
  /** The batch before, which is being written while the next one is read. */
  #writing: Promise<void> = Promise.resolve()

  constructor(target: ImportTarget, options: ImportOptions, begun: Progressed) {
    this.#target = target
    this.#options = options
    this.#done = begun
    this.#position = begun.position
  }

  async add(record: SourceRecord | BadRecord): Promise<void> {
    const row = this.#rowOf(record)
    // The same id twice in one batch would be refused.
    if (row && this.#batch.has(row.id)) await this.flush()
    if (row) this.#batch.set(row.id, row)
    this.#position = record.position
    this.#pending++
    if (this.#pending >= this.#options.batchRows) await this.flush()
  }

  /** Begins to write what was read, as soon as the batch before is written. */
  async flush(): Promise<void> {
    if (this.#pending === 0) return
    const rows = [...this.#batch.values()]
    this.#batch = new Map()
    this.#pending = 0
    const { rejects } = this.#target
    rejects.flush()
    const reached = { position: this.#position, rejected: rejects.count, rejectedBytes: rejects.sizeBytes }
    await this.#writing
    this.#writing = this.#write(rows, reached)
    // It is awaited later: until then its failure must not end the process.
    this.#writing.catch(() => undefined)
  }

  /** Waits until everything is written. */
  async settle(): Promise<Progressed> {
    await this.#writing
    await this.#target.checkpoint?.save(this.#done, true)
    return this.#done
  }

  async #write(rows: readonly Row[], reached: Omit<Progressed, 'rows'>): Promise<void> {
    if (rows.length > 0) await this.#target.collection.upsert(rows as unknown as InputRow<Schema>[])
    this.#done = { ...reached, rows: this.#done.rows + rows.length }
    await this.#target.checkpoint?.save(this.#done)
    this.#options.onProgress(this.#done)
  }

  /** The row, or undefined when the record was set aside. */
  #rowOf(record: SourceRecord | BadRecord): Row | undefined {
    const { line } = record
    if ('reason' in record) {
      this.#reject({ line, code: 'malformed', reason: record.reason, text: record.text })
      return undefined
    }
    try {
      return this.#target.mapping.rowOf(record)
    } catch (error) {
      if (!(error instanceof OmenError)) throw error
      this.#reject({ line, code: error.code, reason: error.message, row: record.values })
      return undefined
    }
  }

  #reject(rejected: Parameters<Rejects['add']>[0]): void {
    const { rejects } = this.#target
    rejects.add(rejected)
    const { maxRejected } = this.#options
    if (rejects.count <= maxRejected) return
    throw new OmenError(
      'invalid_argument',
      `more than ${maxRejected} rows are rejected, the last one at ${rejected.line}: ${rejected.reason}`,
    )
  }
}
