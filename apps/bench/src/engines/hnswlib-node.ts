import type { Progress } from '@omen/cli/terminal'
import { loadCompetitor } from './competitors.ts'
import type { BuildParams, Engine, Rows, SearchParams, VectorShape } from './engine.ts'

interface Hnswlib {
  HierarchicalNSW: new (
    space: 'l2' | 'ip' | 'cosine',
    dimension: number,
  ) => {
    initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void
    addPoint(point: number[], label: number): void
    setEf(ef: number): void
    searchKnn(query: number[], k: number): { neighbors: number[] }
  }
}

const SPACES = { l2: 'l2', dot: 'ip', cosine: 'cosine' } as const
const ROWS_PER_TURN = 500

/** hnswlib behind its binding for Node: one thread, vectors as arrays of numbers, every call blocking. */
export class HnswlibNode implements Engine<number[]> {
  readonly version: string
  readonly buildsAlone: boolean = true
  readonly #library: Hnswlib
  #index: InstanceType<Hnswlib['HierarchicalNSW']> | undefined

  constructor() {
    const { module, version } = loadCompetitor('hnswlib-node')
    this.#library = module as Hnswlib
    this.version = version
  }

  async build(
    vectors: Float32Array,
    { dimension, metric }: VectorShape,
    { m, beam, seed }: BuildParams,
    onProgress: (progress: Progress) => void,
  ): Promise<void> {
    const total = vectors.length / dimension
    const index = new this.#library.HierarchicalNSW(SPACES[metric], dimension)
    index.initIndex({ maxElements: total, m, efConstruction: beam, randomSeed: seed })
    for (let row = 0; row < total; row++) {
      index.addPoint(Array.from(vectors.subarray(row * dimension, (row + 1) * dimension)), row)
      if (row % ROWS_PER_TURN === 0) onProgress({ done: row, total })
    }
    this.#index = index
  }

  prepare(query: Float32Array): number[] {
    return Array.from(query)
  }

  use({ beam }: SearchParams): void {
    this.#index?.setEf(beam)
  }

  search(query: number[], { k }: SearchParams): Rows {
    return this.#index?.searchKnn(query, k).neighbors ?? []
  }

  close(): void {
    this.#index = undefined
  }
}
