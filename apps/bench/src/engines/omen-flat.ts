import type { Progress } from '@omen/cli/terminal'
import { FlatIndex, OmenError } from '@omen/core'
import { accelerator, doctor } from '@omen/native'
import { omenVersion } from '../environment.ts'
import type { BuildParams, Engine, Rows, SearchParams, VectorShape } from './engine.ts'
import { omenQuantizer } from './omen-quantizer.ts'

/** Omen's exact index: every row is compared with every query. */
export class OmenFlat implements Engine<Float32Array> {
  readonly version: string = omenVersion()
  readonly kernels: string = doctor().kernels
  #index: FlatIndex | undefined

  async build(
    vectors: Float32Array,
    { dimension, metric }: VectorShape,
    { threads, quantizer }: BuildParams,
    onProgress: (progress: Progress) => void,
  ): Promise<void> {
    const native = accelerator()
    const index = new FlatIndex({
      dimension,
      metric,
      ...(native ? { accelerator: native } : {}),
      ...(quantizer === undefined ? {} : { quantizer: omenQuantizer(quantizer) }),
    })
    await index.add(vectors, { threads, onProgress })
    this.#index = index
  }

  prepare(query: Float32Array): Float32Array {
    return query
  }

  search(query: Float32Array, params: SearchParams): Rows {
    return this.#built.searchSync(query, params).rows
  }

  async searchAsync(query: Float32Array, params: SearchParams): Promise<Rows> {
    return (await this.#built.search(query, params)).rows
  }

  async searchMany(queries: Float32Array, params: SearchParams, threads: number): Promise<Rows> {
    return (await this.#built.searchMany(queries, { ...params, threads })).rows
  }

  bytes(): Readonly<Record<string, number>> {
    return this.#built.stats().bytes
  }

  close(): void {
    this.#index?.close()
  }

  get #built(): FlatIndex {
    if (!this.#index) throw new OmenError('closed', 'the index is not built')
    return this.#index
  }
}
