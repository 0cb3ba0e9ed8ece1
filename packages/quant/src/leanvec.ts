import {
  type Codec,
  type NativeCodec,
  OmenError,
  type Quantizer,
  type Scorer,
  type Shape,
  type Slab,
  type Vectors,
} from '@omen/core'
import { checkFloatShape } from './float-shape.ts'
import { Projection } from './leanvec-projection.ts'
import { meanOf } from './mean.ts'
import { principalDirections } from './principal-directions.ts'
import { sq8 } from './sq8.ts'

const NAME = 'leanvec/1'

/** Vectors that directions are learned from (with twice as many, 128 of 512 hold 0.4 % more), and the scale along them. */
const SAMPLE = 2048
const SCALE_SAMPLE = 1024

/** Components that are left where nothing else is said: this share of them, and whole cache lines. */
const SHARE = 1 / 4
const WHOLE = 64

/** What the components along directions are stored by. */
const BYTES = sq8()
/** Its parameters, a scale and an offset, which are in front of all others. */
const BYTES_PARAMETERS = 2

export interface LeanvecOptions {
  /** Components that are left, from 1 to the dimension; left out, a quarter, rounded up to a multiple of 64. */
  readonly components?: number
}

/**
 * Projects vectors onto the few directions that hold most of their variance (by `dot`, of their length) and stores a byte for
 * each, as `sq8` does, for l2, dot and cosine.
 *
 * A row takes `components` bytes, rounded up to a multiple of 4, or of 64 where that costs at most an eighth. Embeddings of many
 * components vary along few directions: of 512 components of a sentence encoder 128 hold nine tenths. A distance is that of the
 * projections, which is too small by what lies at right angles to all directions. Rescore what it finds: 30 candidates for ten
 * results. A vector takes `components` · dimension multiplications before it is compared, and training takes a second for 512
 * components and several for 1,536, since it is in TypeScript.
 *
 * Tepper et al., "LeanVec: Searching Vectors Faster by Making Them Fit" (2023), what it calls LeanVec-ID: queries are taken to
 * vary as rows do. Use it for vectors of several hundred components; words of 100 components vary along all of them, and 64
 * find 0.70 of the nearest where `lvq4` finds 0.89.
 *
 * @throws OmenError `invalid_argument` for components that are no whole number from 1 to the dimension, when training;
 * `unsupported` under `hamming`
 */
export function leanvec(options: LeanvecOptions = {}): Quantizer {
  const { components } = options
  if (components !== undefined && !(Number.isInteger(components) && components >= 1)) {
    throw new OmenError(
      'invalid_argument',
      `components must be a whole number from 1 on, got ${String(components)}`,
    )
  }
  return {
    name: NAME,
    train: (sample, shape) => {
      checkFloatShape(NAME, shape)
      const { dimension } = shape
      const count = components ?? Math.min(dimension, Math.ceil((dimension * SHARE) / WHOLE) * WHOLE)
      if (count > dimension) {
        throw new OmenError(
          'invalid_argument',
          `vectors of ${dimension} components have no ${count} of which some could be left out`,
        )
      }
      return train(sample, count, shape)
    },
    open,
  }
}

function train(sample: Vectors, count: number, shape: Shape): Codec {
  const { dimension, metric } = shape
  const some = spread(sample, dimension, SAMPLE)
  // Differences do not change with what both sides have less of; inner products do.
  const mean = metric === 'dot' ? new Float32Array(dimension) : meanOf(some, dimension)
  const projection = new Projection(mean, principalDirections(some, mean, count))
  const few = spread(some, dimension, SCALE_SAMPLE)
  const projected = new Float32Array((few.length / dimension) * count)
  for (let i = 0; i * dimension < few.length; i++) {
    const vector = few.subarray(i * dimension, (i + 1) * dimension)
    projection.apply(vector, projected.subarray(i * count, (i + 1) * count))
  }
  return new LeanvecCodec(projection, BYTES.train(projected, { dimension: count, metric }), shape)
}

/** So many vectors at most, from all over the sample. */
function spread(sample: Vectors, dimension: number, most: number): Vectors {
  const total = sample.length / dimension
  if (total <= most) return sample
  const some = new Float32Array(most * dimension)
  for (let i = 0; i < most; i++) {
    const from = Math.floor((i * total) / most) * dimension
    some.set(sample.subarray(from, from + dimension), i * dimension)
  }
  return some
}

function open(parameters: Float32Array, shape: Shape): Codec {
  checkFloatShape(NAME, shape)
  const { dimension } = shape
  const mean = parameters.slice(BYTES_PARAMETERS, BYTES_PARAMETERS + dimension)
  const directions = parameters.slice(BYTES_PARAMETERS + dimension)
  const count = directions.length / dimension
  if (
    !(Number.isInteger(count) && count >= 1 && count <= dimension) ||
    !mean.every(Number.isFinite) ||
    !Projection.fits(directions, dimension)
  ) {
    throw new OmenError(
      'corrupt_index',
      `${NAME} takes a scale, an offset, a mean and 1 to ${dimension} directions of length 1, got ${parameters.length} numbers`,
    )
  }
  const bytes = BYTES.open(parameters.subarray(0, BYTES_PARAMETERS), {
    dimension: count,
    metric: shape.metric,
  })
  return new LeanvecCodec(new Projection(mean, directions), bytes, shape)
}

class LeanvecCodec implements Codec {
  readonly quantizer: string = NAME
  readonly shape: Shape
  readonly bytesPerRow: number
  readonly parameters: Float32Array
  readonly native: NativeCodec
  readonly #projection: Projection
  /** Codes of the projections. */
  readonly #bytes: Codec
  /** Working memory for one vector. */
  readonly #projected: Float32Array

  constructor(projection: Projection, bytes: Codec, shape: Shape) {
    const { mean, directions, count } = projection
    this.shape = shape
    this.#projection = projection
    this.#bytes = bytes
    this.#projected = new Float32Array(count)
    this.bytesPerRow = bytes.bytesPerRow
    this.parameters = new Float32Array(BYTES_PARAMETERS + mean.length + directions.length)
    this.parameters.set(bytes.parameters)
    this.parameters.set(mean, BYTES_PARAMETERS)
    this.parameters.set(directions, BYTES_PARAMETERS + mean.length)
    this.native = { kind: 'leanvec', parameters: this.parameters }
  }

  encode(vector: Vectors, code: Uint8Array): void {
    this.#projection.apply(vector, this.#projected)
    this.#bytes.encode(this.#projected, code)
  }

  decode(code: Uint8Array, vector: Vectors): void {
    this.#bytes.decode(code, this.#projected)
    this.#projection.undo(this.#projected, vector)
  }

  scorer(slab: Slab): Scorer {
    const scorer = this.#bytes.scorer(slab)
    const projected = new Float32Array(this.#projected.length)
    return {
      bind: (query) => {
        this.#projection.apply(query, projected)
        scorer.bind(projected)
      },
      bindRow: (row) => scorer.bindRow(row),
      score: (rows, count, distances) => scorer.score(rows, count, distances),
    }
  }
}
