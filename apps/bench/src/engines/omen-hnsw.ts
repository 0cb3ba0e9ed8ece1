import { OmenError } from '@omen/core'
import { Hnsw, type Keep } from '@omen/hnsw'
import { doctor } from '@omen/native'
import { omenVersion } from '../environment.ts'
import type { Progress } from '../terminal/progress.ts'
import type { BuildParams, Engine, Rows, SearchParams, VectorShape } from './engine.ts'
import { omenQuantizer } from './omen-quantizer.ts'

/** Omen's graph index. */
export class OmenHnsw implements Engine<Float32Array> {
  readonly version: string = omenVersion()
  readonly kernels: string = doctor().kernels
  #index: Hnsw | undefined

  async build(
    vectors: Float32Array,
    { dimension, metric }: VectorShape,
    { m, beam, threads, quantizer, keep }: BuildParams,
    onProgress: (progress: Progress) => void,
  ): Promise<void> {
    this.#index = await Hnsw.build({
      vectors,
      dimension,
      metric,
      m,
      beam,
      threads,
      onProgress,
      ...(quantizer === undefined ? {} : { quantizer: omenQuantizer(quantizer) }),
      ...(keep === undefined ? {} : { keep: keepNamed(keep) }),
    })
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

  get #built(): Hnsw {
    if (!this.#index) throw new OmenError('closed', 'the index is not built')
    return this.#index
  }
}

/** What a workload says is kept: the vectors, nothing but the codes, or the codes of another quantizer. */
function keepNamed(name: string): Keep {
  return name === 'f32' || name === 'codes' ? name : omenQuantizer(name)
}
