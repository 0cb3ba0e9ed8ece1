import type { Accelerator, Codes } from '@omen/core'
import { Hnsw } from '@omen/hnsw'
import type { VectorField } from '@omen/schema'
import type { VectorColumn } from '../rows/row-block.ts'
import type { SearchableField } from './field-search.ts'
import { FieldVectors } from './field-vectors.ts'
import { keepOf, quantizerOf } from './quantizers.ts'
import { VectorBlock } from './vector-block.ts'

/** Vectors that a graph waits for, where nothing else is said: fewer are scanned as fast. */
export const GRAPH_VECTORS = 4096
/** Vectors that a quantizer looks at, spread evenly over those there are: training holds the event loop. */
const TRAINING_VECTORS = 4096
/** Vectors given to a graph at a time: what lies between two looks at the signal. */
export const VECTORS_PER_BATCH = 4096

export interface LinkOptions {
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** One vector field of a growing segment: vectors, and the graph that they are linked into one batch after another. */
export class ActiveField implements SearchableField {
  readonly field: VectorField
  readonly vectors: FieldVectors
  readonly #accelerator: Accelerator | undefined
  readonly #graphFrom: number
  /** Vectors on their way to the graph: calls of `link` are many and short. */
  readonly #block: VectorBlock
  #graph: Hnsw | undefined
  #linked = 0

  /** @param graphFrom vectors that there must be for a graph */
  constructor(field: VectorField, accelerator: Accelerator | undefined, graphFrom: number) {
    const { dimension, metric } = field
    this.field = field
    this.#accelerator = accelerator
    this.#graphFrom = graphFrom
    this.#block = new VectorBlock(dimension)
    this.vectors = new FieldVectors({ dimension, metric }, accelerator)
  }

  get graph(): Hnsw | undefined {
    return this.#graph
  }

  get linked(): number {
    return this.#linked
  }

  /** Vectors that wait to be linked; none before there are enough for a graph. */
  get pending(): number {
    const { count } = this.vectors.slots
    return this.field.index === 'flat' || count < this.#graphFrom ? 0 : count - this.#linked
  }

  append(column: VectorColumn, from: number, rows: number): void {
    this.vectors.append(column, from, rows)
  }

  /**
   * Links waiting vectors, the quantizer being trained first where that is yet to be done. One call at a time.
   *
   * @param limit the most to link
   * @returns how many were
   * @throws OmenError `aborted`, `closed`: what was linked until then stays
   */
  async link(limit: number, { threads, signal }: LinkOptions): Promise<number> {
    const first = this.#linked
    const end = first + Math.min(this.pending, limit)
    if (end > first) this.#graph ??= newGraph(this.field, this.vectors, this.#accelerator, this.vectors.codes)
    while (this.#linked < end) {
      const to = Math.min(this.#linked + VECTORS_PER_BATCH, end)
      await this.#graph?.add(this.vectors.read(this.#linked, to, this.#block), {
        background: true,
        ...(threads === undefined ? {} : { threads }),
        ...(signal ? { signal } : {}),
      })
      this.#linked = to
    }
    return end - first
  }

  /** Gives its memory back when the graph has come to an end. */
  async close(): Promise<void> {
    await this.#graph?.close()
    this.vectors.slab.free()
  }
}

/**
 * An empty graph, whose quantizers are trained on a sample of the vectors there are.
 *
 * @param rescoreBy as in `HnswOptions`, for a graph that is searched
 */
export function newGraph(
  field: VectorField,
  vectors: CountedVectors,
  accelerator: Accelerator | undefined,
  rescoreBy?: Codes,
): Hnsw {
  const { dimension, metric, m, beam, quantizer, keep } = field
  return Hnsw.create({
    dimension,
    metric,
    m,
    beam,
    quantizer: quantizerOf(quantizer),
    keep: keepOf(keep),
    training: sampleOf(vectors, dimension),
    accelerator: accelerator ?? null,
    ...(rescoreBy ? { rescoreBy } : {}),
  })
}

/** Vectors that can be read, however they are kept. */
interface CountedVectors {
  readonly count: number
  /** The vectors from … to − 1: a copy, in the block where one is given. */
  read(from: number, to: number, block?: VectorBlock): Float32Array
}

function sampleOf(vectors: CountedVectors, dimension: number): Float32Array {
  const { count } = vectors
  const size = Math.min(count, TRAINING_VECTORS)
  const sample = new Float32Array(size * dimension)
  const block = new VectorBlock(dimension)
  for (let i = 0; i < size; i++) {
    const at = Math.floor((i * count) / size)
    sample.set(vectors.read(at, at + 1, block), i * dimension)
  }
  return sample
}
