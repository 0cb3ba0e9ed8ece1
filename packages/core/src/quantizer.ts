import type { Shape, Vectors } from './metric.ts'
import type { Slab } from './slab.ts'

/**
 * Turns vectors into codes. A quantizer is a recipe without state; `train` looks at a sample and gives a `Codec`.
 *
 * All vectors it sees are prepared (see `prepareVectors`): finite, and of unit length under `cosine`.
 */
export interface Quantizer {
  /** Name and version as written in files, such as `sq8/1`. */
  readonly name: string
  /**
   * Learns what it needs from a sample.
   *
   * @param sample prepared vectors, at least one: borrowed
   * @throws OmenError `unsupported` for a metric it has no codes for
   */
  train(sample: Vectors, shape: Shape): Codec
  /**
   * Makes the codec again that `train` once made, from its parameters.
   *
   * @throws OmenError `corrupt_index` for parameters that no training could have given
   */
  open(parameters: Float32Array, shape: Shape): Codec
}

/** A trained quantizer: fixed-size codes for vectors of one shape. */
export interface Codec {
  /** The quantizer's name. */
  readonly quantizer: string
  readonly shape: Shape
  /** Bytes of one code. */
  readonly bytesPerRow: number
  /** What `Quantizer.open` needs to make this codec again. */
  readonly parameters: Float32Array
  /**
   * Encodes one prepared vector.
   *
   * @param vector one vector: borrowed
   * @param code `bytesPerRow` bytes: overwritten
   * @throws OmenError `out_of_range` for a component that the codes cannot hold
   */
  encode(vector: Vectors, code: Uint8Array): void
  /** Decodes one code into a vector (approximate where the codes are lossy). */
  decode(code: Uint8Array, vector: Vectors): void
  /** Scores rows of a slab of these codes. The slab is borrowed and may grow meanwhile. */
  scorer(slab: Slab): Scorer
  /**
   * The same rows by a part of their bytes at the front, for a first look; absent where the codes have no such part. Its
   * scorers take the same slab; its `encode` writes whole rows, its `decode` and distances are rougher.
   */
  readonly coarse?: Codec | undefined
  /** The same computation in terms the accelerator knows; absent when only TypeScript can do it. */
  readonly native?: NativeCodec
}

/**
 * Distances between one bound vector and rows of a slab. A graph asks for distances by row and never sees a vector.
 *
 * A scorer holds one bound query and is not shared between concurrent searches.
 */
export interface Scorer {
  /** Binds a prepared query vector: borrowed until the next bind. */
  bind(query: Vectors): void
  /** Binds the vector that a row's code stands for. */
  bindRow(row: number): void
  /**
   * Computes the distances from the bound vector, in the units of the metric (see `Metric`), approximate where codes
   * are lossy, and not clamped.
   *
   * @param rows the first `count` entries are read
   * @param distances the first `count` entries are written
   */
  score(rows: Uint32Array, count: number, distances: Float32Array): void
  /**
   * How far the distance to a row that `score` gives may be from the true one, for at least 95 of 100 pairs; absent for
   * codes without a bound.
   */
  margin?(row: number): number
}

/** How the elements of a code are stored. */
export type Element = 'f32' | 'f16' | 'bf16' | 'i8' | 'u8' | 'bits'

/** A codec as the accelerator sees it, a closed set by `kind`; each kind is the same computation in both languages. */
export type NativeCodec =
  | ScalarCodec
  | GivenCodec
  | NibbleCodec
  | LineCodec
  | RotatedCodec
  | BinaryCodec
  | ProductCodec
  | ProjectedCodec

/**
 * One element a component: component i is stored as element e with `x ≈ scale · e + offset`.
 *
 * For `f32`, `f16`, `bf16` and `bits` scale is 1 and offset 0. How a query is brought to the codes' space and which
 * kernel then runs follows from element and metric:
 *
 * - floats: l2 → Σ(q−x)², dot → −Σqx, cosine → 1 − Σqx
 * - `u8`, l2: the query is encoded like a row; scale² · Σ(a−b)². `u8`, cosine: half of that (unit vectors)
 * - `u8`, dot: the query is rounded to i8 with a scale of its own, t = max|q|/127; −(scale · t · Σab + offset · Σq)
 * - `bits`, hamming: population count of a XOR b
 */
export interface ScalarCodec {
  readonly kind: 'scalar'
  readonly element: Element
  readonly scale: number
  readonly offset: number
}

/** The vectors as they were given, of any length under cosine too (`given`). */
export interface GivenCodec {
  readonly kind: 'given'
}

/**
 * `bits` bits a component of the rotated difference from the mean, in planes, and three factors (`rabitq` of
 * @omen/quant).
 */
export interface RotatedCodec {
  readonly kind: 'rabitq'
  readonly bits: number
  /** One component for each dimension. */
  readonly mean: Float32Array
}

/** One bit a component, which is above or below its mean (`binary` of @omen/quant). */
export interface BinaryCodec {
  readonly kind: 'binary'
  /** The means of the components, then how far these are from them: two for each dimension. */
  readonly parameters: Float32Array
}

/** 4 bits a component, packed, with `x ≈ scale · e + offset` (`sq4` of @omen/quant). */
export interface NibbleCodec {
  readonly kind: 'sq4'
  readonly scale: number
  readonly offset: number
}

/** `bits` bits a component of the difference from the mean, on a line of each row's own (`lvq4` … of @omen/quant). */
export interface LineCodec {
  readonly kind: 'lvq'
  readonly bits: 4 | 8
  /** Whether rows have 8 more bits a component for what the first ones leave. */
  readonly residual: boolean
  /** Whether these are left unread. */
  readonly coarse: boolean
  /** One component for each dimension. */
  readonly mean: Float32Array
}

/** The nearest centroid of every part of a vector (`pq` of @omen/quant). */
export interface ProductCodec {
  readonly kind: 'product'
  /** Parts, bits, and then for each component its value in every one of the 2^bits centroids. */
  readonly parameters: Float32Array
}

/** The components along few directions, one byte each as under `ScalarCodec` of `u8` (`leanvec` of @omen/quant). */
export interface ProjectedCodec {
  readonly kind: 'leanvec'
  /** Scale and offset, the components of the mean, and then those of every direction; directions are orthonormal. */
  readonly parameters: Float32Array
}
