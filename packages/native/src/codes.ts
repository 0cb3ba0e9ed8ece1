import type {
  Element,
  NativeCodec,
  NativeCodes,
  Refusal,
  ResultBuffers,
  Shape,
  Vectors,
  Workers,
} from '@omen/core'
import { METRICS, unreachable } from '@omen/core'
import type { Addon, AddonCodes } from './addon.ts'

/** The elements in the order of C++'s enumeration. */
export const ELEMENTS: readonly Element[] = ['f32', 'f16', 'bf16', 'i8', 'u8', 'bits']

/** What C++ makes a codec of each kind from; its `make_…_codec` reads the same numbers in the same order. */
function nativeParameters(codec: NativeCodec): Float32Array {
  switch (codec.kind) {
    case 'scalar':
      return Float32Array.of(ELEMENTS.indexOf(codec.element), codec.scale, codec.offset)
    case 'given':
      return new Float32Array(0)
    case 'sq4':
      return Float32Array.of(codec.scale, codec.offset)
    case 'lvq':
      return concatenated([codec.bits, Number(codec.residual), Number(codec.coarse)], codec.mean)
    case 'rabitq':
      return concatenated([codec.bits], codec.mean)
    case 'binary':
    case 'product':
    case 'leanvec':
      return codec.parameters
    default:
      return unreachable(codec)
  }
}

function concatenated(...parts: readonly ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

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
      codec.kind,
      nativeParameters(codec),
      bytesPerRow,
    )
  }

  attach(chunk: Uint8Array): void {
    this.addon.attach(chunk)
  }

  async encode(
    vectors: Vectors,
    rows: Uint32Array,
    { threads, background = false }: Workers,
  ): Promise<Refusal | undefined> {
    return refusal(await this.addon.encode(vectors, rows, threads, background))
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
