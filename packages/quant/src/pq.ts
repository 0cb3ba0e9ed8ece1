import {
  type Codec,
  type NativeCodec,
  OmenError,
  packedBytes,
  packFields,
  type Quantizer,
  rowBytes,
  type Scorer,
  type Shape,
  type Slab,
  unpackFields,
  type Vectors,
} from '@omen/core'
import { checkFloatShape } from './float-shape.ts'
import { ByteTableScorer, NibbleTableScorer } from './pq-scorers.ts'
import { nearest, type Partition, partition, squaresOfPart, trainCentroids } from './pq-train.ts'

const NAME = 'pq/1'

export interface PqOptions {
  /** Runs of components that vectors are cut into, from 1 to the dimension; left out, so many that a component has 2 bits. */
  readonly parts?: number
  /** Bits of a part: 8, or 4, which are compared several times faster and find less. */
  readonly bits?: 4 | 8
}

/**
 * Cuts vectors into parts and stores for each part the number of the nearest of 2^bits centroids, for l2, dot and cosine.
 *
 * A row takes parts · bits / 8 bytes, rounded up to a multiple of 4, or of 64 where that costs at most an eighth. A part
 * comes back as its centroid. A query keeps its precision: it is compared with all centroids once, and the distance to a
 * row is a sum of entries of that table; with 4 bits the entries are rounded to bytes, on a scale of the query's own. The
 * centroids are 2^bits · dimension floats beside the codes, and training takes seconds, since k-means is in TypeScript.
 *
 * Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search" (2011), sections II and III; for the tables of
 * bytes André, Kermarrec and Le Scouarnec, "Cache Locality Is Not Enough" (2015), section 4.
 *
 * @throws OmenError `invalid_argument` for other bits, and for parts that are no whole number from 1 to the dimension, when
 * training; `unsupported` under `hamming`
 */
export function pq(options: PqOptions = {}): Quantizer {
  const { parts, bits = 8 } = options
  if (bits !== 4 && bits !== 8) {
    throw new OmenError('invalid_argument', `bits must be 4 or 8, got ${String(bits)}`)
  }
  if (parts !== undefined && !(Number.isInteger(parts) && parts >= 1)) {
    throw new OmenError('invalid_argument', `parts must be a whole number from 1 on, got ${String(parts)}`)
  }
  return {
    name: NAME,
    train: (sample, shape) => {
      checkFloatShape(NAME, shape)
      const { dimension } = shape
      const chosen = parts ?? Math.ceil((dimension * 2) / bits)
      if (chosen > dimension) {
        throw new OmenError(
          'invalid_argument',
          `vectors of ${dimension} components cannot be cut into ${chosen} parts`,
        )
      }
      const cut = partition(dimension, chosen, 2 ** bits)
      return new PqCodec(cut, trainCentroids(sample, cut), shape)
    },
    open,
  }
}

function open(parameters: Float32Array, shape: Shape): Codec {
  checkFloatShape(NAME, shape)
  const { dimension } = shape
  const [parts = 0, bits = 0] = parameters
  const tables = parameters.slice(2)
  if (
    !(Number.isInteger(parts) && parts >= 1 && parts <= dimension) ||
    (bits !== 4 && bits !== 8) ||
    tables.length !== dimension * 2 ** bits ||
    !tables.every(Number.isFinite)
  ) {
    throw new OmenError(
      'corrupt_index',
      `${NAME} takes parts, bits and 2^bits centroids of ${dimension} components, got ${parameters.length} numbers`,
    )
  }
  return new PqCodec(partition(dimension, parts, 2 ** bits), tables, shape)
}

class PqCodec implements Codec {
  readonly quantizer: string = NAME
  readonly shape: Shape
  readonly bytesPerRow: number
  readonly parameters: Float32Array
  readonly native: NativeCodec
  readonly #cut: Partition
  readonly #tables: Float32Array
  readonly #codes: Uint8Array
  readonly #distances: Float32Array

  constructor(cut: Partition, tables: Float32Array, shape: Shape) {
    this.shape = shape
    this.#cut = cut
    this.#tables = tables
    this.#codes = new Uint8Array(cut.parts)
    this.#distances = new Float32Array(cut.centroids)
    const bits = Math.log2(cut.centroids)
    this.bytesPerRow = rowBytes(bits === 4 ? packedBytes(cut.parts, 4) : cut.parts)
    this.parameters = new Float32Array(2 + tables.length)
    this.parameters.set([cut.parts, bits])
    this.parameters.set(tables, 2)
    this.native = { kind: 'product', parameters: this.parameters }
  }

  encode(vector: Vectors, code: Uint8Array): void {
    for (let part = 0; part < this.#cut.parts; part++) {
      squaresOfPart(vector, this.#cut, part, this.#tables, this.#distances)
      this.#codes[part] = nearest(this.#distances)
    }
    code.fill(0)
    if (this.#cut.centroids === 256) code.set(this.#codes)
    else packFields(this.#codes, this.#cut.parts, 4, code, 0)
  }

  decode(code: Uint8Array, vector: Vectors): void {
    const { parts, starts, centroids } = this.#cut
    if (centroids === 256) this.#codes.set(code.subarray(0, parts))
    else unpackFields(code, 0, parts, 4, this.#codes)
    for (let part = 0; part < parts; part++) {
      for (let i = starts[part]!; i < starts[part + 1]!; i++) {
        vector[i] = this.#tables[i * centroids + this.#codes[part]!]!
      }
    }
  }

  scorer(slab: Slab): Scorer {
    const { metric } = this.shape
    const decode = this.decode.bind(this)
    const Scorer = this.#cut.centroids === 256 ? ByteTableScorer : NibbleTableScorer
    return new Scorer(slab, this.#cut, this.#tables, metric, decode)
  }
}
