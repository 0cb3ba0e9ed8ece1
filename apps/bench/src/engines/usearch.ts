import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { loadCompetitor } from './competitors.ts'
import type { BuildParams, Engine, Rows, SearchParams, VectorShape } from './engine.ts'

interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void
  search(queries: Float32Array, k: number, threads: number): { keys: BigUint64Array }
  save(path: string): void
  load(path: string): void
}

interface Usearch {
  Index: new (config: Record<string, unknown>) => UsearchIndex
}

const METRICS = { l2: 'l2sq', dot: 'ip', cosine: 'cos' } as const
const ROWS_PER_CALL = 2048

/**
 * usearch. Its beam is fixed when an index is made, so for each other beam the saved index is loaded again, untimed.
 */
export class UsearchEngine implements Engine<Float32Array> {
  readonly version: string
  readonly #library: Usearch
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'omen-usearch-'))
  #config: Record<string, unknown> = {}
  #index: UsearchIndex | undefined
  #beam = 0

  constructor() {
    const { module, version } = loadCompetitor('usearch')
    this.#library = module as Usearch
    this.version = version
  }

  async build(
    vectors: Float32Array,
    { dimension, metric }: VectorShape,
    { m, beam, threads, quantizer = 'f32' }: BuildParams,
    onProgress: (progress: Progress) => void,
  ): Promise<void> {
    const total = vectors.length / dimension
    const common = { dimensions: dimension, metric: METRICS[metric], quantization: quantizer, multi: false }
    this.#config = { ...common, connectivity: m, expansion_add: beam }
    const index = this.#create(beam)
    for (let row = 0; row < total; row += ROWS_PER_CALL) {
      const end = Math.min(total, row + ROWS_PER_CALL)
      const keys = BigUint64Array.from({ length: end - row }, (_, i) => BigInt(row + i))
      index.add(keys, vectors.subarray(row * dimension, end * dimension), threads)
      onProgress({ done: end, total })
    }
    index.save(join(this.#folder, 'index'))
    this.#index = index
    this.#beam = beam
  }

  prepare(query: Float32Array): Float32Array {
    return query
  }

  use({ beam }: SearchParams): void {
    if (beam === this.#beam) return
    const index = this.#create(beam)
    index.load(join(this.#folder, 'index'))
    this.#index = index
    this.#beam = beam
  }

  search(query: Float32Array, { k }: SearchParams): Rows {
    return this.#opened.search(query, k, 1).keys
  }

  async searchMany(queries: Float32Array, { k }: SearchParams, threads: number): Promise<Rows> {
    return this.#opened.search(queries, k, threads).keys
  }

  close(): void {
    this.#index = undefined
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #opened(): UsearchIndex {
    if (!this.#index) throw new OmenError('closed', 'the usearch index is not built')
    return this.#index
  }

  #create(beam: number): UsearchIndex {
    return new this.#library.Index({ ...this.#config, expansion_search: beam })
  }
}
