import type { Element, NativeCodec, NativeCodes, Refusal, ResultBuffers, Shape, Vectors } from '@omen/core'
import { METRICS } from '@omen/core'
import type { Addon, AddonCodes } from './addon.ts'

/** The elements in the order of C++'s enumeration. */
export const ELEMENTS: readonly Element[] = ['f32', 'f16', 'bf16', 'i8', 'u8', 'bits']

/** The reasons for a refusal in the order of C++'s enumeration; its first, none, is never sent. */
const REASONS: readonly Refusal['code'][] = ['not_finite', 'zero_vector', 'out_of_range']

/** Reads the number by which C++ names the first refused vector. */
export function refusal(answer: number): Refusal | undefined {
  if (answer < 0) return undefined
  return { index: Math.floor(answer / 4), code: REASONS[(answer % 4) - 1] ?? 'not_finite' }
}

/** Codes in a slab, scored by the addon. */
export class AcceleratedCodes implements NativeCodes {
  /** The addon's own object, which a graph is made from. */
  readonly addon: AddonCodes

  constructor(addon: Addon, shape: Shape, codec: NativeCodec, bytesPerRow: number) {
    this.addon = new addon.Codes(
      shape.dimension,
      METRICS.indexOf(shape.metric),
      ELEMENTS.indexOf(codec.element),
      codec.scale,
      codec.offset,
      bytesPerRow,
    )
  }

  attach(chunk: Uint8Array): void {
    this.addon.attach(chunk)
  }

  async encode(vectors: Vectors, rows: Uint32Array, threads: number): Promise<Refusal | undefined> {
    return refusal(await this.addon.encode(vectors, rows, threads))
  }

  scoreSync(query: Vectors, rows: Uint32Array, distances: Float32Array): void {
    this.addon.scoreSync(query, rows, distances)
  }

  async scan(
    queries: Vectors,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    threads: number,
    out: ResultBuffers,
  ): Promise<Refusal | undefined> {
    const { rows, distances, counts } = out
    return refusal(await this.addon.scan(queries, k, rowCount, accept, threads, rows, distances, counts))
  }

  scanSync(
    queries: Vectors,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    out: ResultBuffers,
  ): Refusal | undefined {
    return refusal(this.addon.scanSync(queries, k, rowCount, accept, out.rows, out.distances, out.counts))
  }
}
