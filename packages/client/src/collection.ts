import { OmenError } from '@omen/core'
import type {
  Collection,
  CollectionChange,
  CollectionStats,
  Deletion,
  InputRow,
  OptimizeOptions,
  PayloadName,
  Replacement,
  RowChange,
  Schema,
  WatchOptions,
  WriteOptions,
  WriteResult,
} from '@omen/schema'
import { checkOptionNames, describe } from '@omen/schema/check'
import { pathOf, RemoteReader } from './reader.ts'
import { type OpenedSnapshot, RemoteSnapshot } from './snapshot.ts'
import type { Transport } from './transport.ts'
import { watch } from './watch.ts'

export interface BatchOptions extends WriteOptions {
  /** Rows of one request, each of which is atomic by itself; 1,000 when left out. */
  readonly batchRows?: number | undefined
  /** Told of the rows that were written. */
  readonly onProgress?: ((writtenRows: number) => void) | undefined
}

const WRITE_OPTIONS = ['durability', 'ifVersion', 'signal', 'timeoutMs']
const DEFAULT_BATCH_ROWS = 1000

/** A collection behind a server. */
export class RemoteCollection<S extends Schema> extends RemoteReader<S> implements Collection<S> {
  /** Collections are made by `Database.collection`. */
  constructor(transport: Transport, name: string, schema: S) {
    super(transport, name, schema)
  }

  upsert(rows: readonly InputRow<S>[], options: WriteOptions = {}): Promise<WriteResult> {
    return this.#write('upsert', { rows }, options)
  }

  /**
   * Writes more rows than one request takes, in several: each is atomic, all of them together are not.
   *
   * @param rows taken as fast as the server writes them
   * @returns what all of them did, with the version of the last
   * @throws OmenError as `upsert`; batches before the failing one were written
   */
  async upsertInBatches(
    rows: Iterable<InputRow<S>> | AsyncIterable<InputRow<S>>,
    options: BatchOptions = {},
  ): Promise<WriteResult> {
    const { batchRows = DEFAULT_BATCH_ROWS, onProgress, ...write } = options
    checkOptionNames('upsertInBatches', options, [...WRITE_OPTIONS, 'batchRows', 'onProgress'])
    if (!Number.isInteger(batchRows) || batchRows < 1) {
      throw new OmenError(
        'invalid_argument',
        `batchRows is a whole number from 1 on, got ${describe(batchRows)}`,
      )
    }
    let result: WriteResult = { version: 0, written: 0, removed: 0 }
    const flush = async (batch: readonly InputRow<S>[]): Promise<void> => {
      const { version, written, removed } = await this.upsert(batch, write)
      result = { version, written: result.written + written, removed: result.removed + removed }
      onProgress?.(result.written)
    }
    let batch: InputRow<S>[] = []
    for await (const row of rows) {
      batch.push(row)
      if (batch.length < batchRows) continue
      await flush(batch)
      batch = []
    }
    if (batch.length > 0) await flush(batch)
    return result
  }

  update(changes: readonly RowChange<S>[], options: WriteOptions = {}): Promise<WriteResult> {
    return this.#write('update', { changes }, options)
  }

  delete(rows: Deletion<S>, options: WriteOptions = {}): Promise<WriteResult> {
    return this.#write('delete', rows, options)
  }

  replace(replacement: Replacement<S>, options: WriteOptions = {}): Promise<WriteResult> {
    return this.#write('replace', replacement, options)
  }

  /** The server keeps it for as long as it is configured to: then reading it is `not_found`. */
  async snapshot(): Promise<RemoteSnapshot<S>> {
    const opened = await this.post<OpenedSnapshot>('snapshots', undefined, { repeatable: false })
    return new RemoteSnapshot(this.transport, this.name, this.schema, opened)
  }

  watch<const K extends keyof S & string = PayloadName<S>>(
    options: WatchOptions<K> = {},
  ): AsyncGenerator<CollectionChange<S, K>, void, undefined> {
    return watch<S, K>(this.transport, pathOf(this.name), this.readRow, options)
  }

  async optimize(options: OptimizeOptions = {}): Promise<void> {
    checkOptionNames('optimize', options, ['onProgress', 'signal', 'timeoutMs'])
    const { onProgress, signal, timeoutMs } = options
    const request = this.request('optimize', undefined, { call: { signal, timeoutMs } })
    for await (const progress of this.transport.stream(request)) {
      if (progress !== undefined && isProgress(progress)) onProgress?.(progress)
    }
  }

  async stats(): Promise<CollectionStats> {
    const path = `${pathOf(this.name)}/stats`
    return (await this.transport.send({ method: 'GET', path, repeatable: true })) as CollectionStats
  }

  async #write(route: string, what: object, options: WriteOptions): Promise<WriteResult> {
    checkOptionNames(route, options, WRITE_OPTIONS)
    const { signal, timeoutMs, ...settings } = options
    return await this.post(route, { ...what, ...settings }, { changes: true, call: { signal, timeoutMs } })
  }
}

function isProgress(item: unknown): item is { readonly done: number; readonly total: number } {
  return typeof item === 'object' && item !== null && 'done' in item && 'total' in item
}
