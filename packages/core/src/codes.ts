import type { Accelerator, NativeCodes, Workers } from './accelerator.ts'
import { OmenError } from './errors.ts'
import { allocateVectors, elementsPerVector, prepareVectors, type Vectors, vectorError } from './metric.ts'
import type { Codec, Scorer } from './quantizer.ts'
import { Slab } from './slab.ts'
import { Turns } from './turn.ts'

/** Rows encoded in TypeScript between two looks at the clock. */
const ROWS_PER_CHECK = 32

/** The codes of an index's rows: a codec, the slab it writes to, and the accelerator's view of both where there is one. */
export class Codes {
  readonly codec: Codec
  readonly slab: Slab
  /** Present when an accelerator was given and the codec describes itself to it. */
  readonly native: NativeCodes | undefined

  readonly #accelerator: Accelerator | undefined

  /** @param slab rows that other codes of the same layout write, see `coarse`; rows of its own when left out */
  constructor(
    codec: Codec,
    accelerator?: Accelerator,
    slab: Slab = new Slab(codec.bytesPerRow, { accelerator }),
  ) {
    this.codec = codec
    this.slab = slab
    this.#accelerator = accelerator
    const native = codec.native && accelerator?.createCodes(codec.shape, codec.native, codec.bytesPerRow)
    this.native = native
    if (native) slab.follow((chunk) => native.attach(chunk))
  }

  /** The same rows read by fewer of their bytes; undefined where the codec cannot (see `Codec.coarse`). */
  coarse(): Codes | undefined {
    const { coarse } = this.codec
    return coarse && new Codes(coarse, this.#accelerator, this.slab)
  }

  /** A scorer of its own over these codes, in TypeScript. */
  scorer(): Scorer {
    return this.codec.scorer(this.slab)
  }

  /**
   * Prepares and encodes vectors into rows that there is room for.
   *
   * @param vectors whole raw vectors: borrowed until the promise resolves
   * @param rows one row number for each vector
   * @param firstIndex added to the index named in errors, for a block that is part of a larger one
   * @throws OmenError `not_finite`, `zero_vector`, `out_of_range`, naming the vector; some rows may then be overwritten
   */
  async encode(vectors: Vectors, rows: Uint32Array, workers: Workers, firstIndex = 0): Promise<void> {
    if (this.native) {
      const refusal = await this.native.encode(vectors, rows, workers)
      if (refusal) throw vectorError(refusal.code, firstIndex + refusal.index)
      return
    }
    const elements = elementsPerVector(this.codec.shape)
    const prepared = allocateVectors(this.codec.shape, 1)
    const turns = new Turns()
    for (let i = 0; i < rows.length; i++) {
      if (i % ROWS_PER_CHECK === 0 && turns.due) await turns.take()
      prepareVectors(
        vectors.subarray(i * elements, (i + 1) * elements),
        this.codec.shape,
        prepared,
        firstIndex + i,
      )
      this.#encodeRow(prepared, rows[i] as number, firstIndex + i)
    }
  }

  #encodeRow(prepared: Vectors, row: number, index: number): void {
    try {
      this.codec.encode(prepared, this.slab.row(row))
    } catch (error) {
      // The codec sees one vector and cannot know its place in the batch.
      if (error instanceof OmenError && error.code === 'out_of_range')
        throw vectorError('out_of_range', index)
      throw error
    }
  }
}
