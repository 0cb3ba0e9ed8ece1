import { basename, dirname } from 'node:path'
import type { Progress } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { openSectionRegion, type SectionFile } from '@omen/core/file'
import { Hnsw, type HnswOptions, type Keep } from '@omen/hnsw'
import { accelerator, doctor } from '@omen/native'
import { quantizers } from '@omen/quant'
import { fileStorage } from '@omen/storage-mmap'
import { omenVersion } from '../environment.ts'
import type { BuildParams, Engine, Rows, SearchParams, VectorShape, Work } from './engine.ts'
import { omenQuantizer } from './omen-quantizer.ts'

/** Omen's graph index. */
export class OmenHnsw implements Engine<Float32Array> {
  readonly version: string = omenVersion()
  readonly kernels: string = doctor().kernels
  #index: Hnsw | undefined
  #file: SectionFile | undefined

  async build(
    vectors: Float32Array,
    { dimension, metric }: VectorShape,
    params: BuildParams,
    onProgress: (progress: Progress) => void,
  ): Promise<void> {
    this.#index = await Hnsw.build({
      vectors,
      dimension,
      metric,
      threads: params.threads,
      onProgress,
      ...graphOptions(params),
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

  measureWork(queries: Float32Array, params: SearchParams): Promise<Work> {
    return this.#built.measureWork(queries, params)
  }

  save(path: string): Promise<void> {
    return this.#built.save(path)
  }

  /** Maps the file; its links and codes are checked, and searched in place. */
  async open(path: string): Promise<void> {
    const storage = await fileStorage(dirname(path), { readOnly: true })
    const region = await storage.read(basename(path))
    this.#file = await openSectionRegion(region, path, { accelerator: accelerator() })
    this.#index = await Hnsw.open(this.#file, { quantizers: quantizers(), readOnly: true })
  }

  bytes(): Readonly<Record<string, number>> {
    return this.#built.stats().bytes
  }

  close(): void {
    void this.#index?.close().then(() => this.#file?.close())
  }

  get #built(): Hnsw {
    if (!this.#index) throw new OmenError('closed', 'the index is not built')
    return this.#index
  }
}

/** The options of an index that a workload asks for. */
export function graphOptions(
  params: Omit<BuildParams, 'threads' | 'seed'>,
): Omit<HnswOptions, 'dimension' | 'metric'> {
  const { m, beam, alpha, quantizer, keep, techniques } = params
  return {
    m,
    beam,
    ...(alpha === undefined ? {} : { alpha }),
    ...(quantizer === undefined ? {} : { quantizer: omenQuantizer(quantizer) }),
    ...(keep === undefined ? {} : { keep: keepNamed(keep) }),
    ...(techniques === undefined ? {} : { techniques }),
  }
}

/** What a workload says is kept: the vectors, nothing but the codes, or the codes of another quantizer. */
function keepNamed(name: string): Keep {
  return name === 'f32' || name === 'f16' || name === 'codes' ? name : omenQuantizer(name)
}
