import type { Accelerator } from './accelerator.ts'
import { Bitset } from './bitset.ts'
import { Codes } from './codes.ts'
import { corruptImage, type IndexContents, type IndexImage, storedSection } from './image.ts'
import { checkShape, METRICS, type Metric, type Shape } from './metric.ts'
import type { Quantizer } from './quantizer.ts'
import { findQuantizer } from './registry.ts'
import { NO_ROW } from './slab.ts'
import type { Section } from './vector-index.ts'

const KIND = 'flat/1'

/** What a flat index consists of. */
export interface FlatParts {
  readonly shape: Shape
  /** The quantizer's name. */
  readonly quantizer: string
  /** Absent while there are no rows. */
  readonly codes: Codes | undefined
  readonly live: Bitset
  readonly rowCount: number
}

/** The facts and bytes to save: borrowed from the index. */
export function flatContents(parts: FlatParts): IndexContents {
  const { shape, codes, live, rowCount } = parts
  const parameters = codes?.codec.parameters ?? new Float32Array(0)
  const words = live.words.subarray(0, Math.ceil(rowCount / 32))
  return {
    metadata: {
      kind: KIND,
      dimension: shape.dimension,
      metric: shape.metric,
      quantizer: parts.quantizer,
      rows: rowCount,
    },
    sections: [
      section('parameters', parameters.byteLength, () => [bytesOf(parameters)]),
      section('live', words.byteLength, () => [bytesOf(words)]),
      section('codes', codes?.slab.bytesFor(rowCount) ?? 0, () => codes?.slab.parts(rowCount) ?? []),
    ],
  }
}

/**
 * Reads back what `flatContents` described.
 *
 * @throws OmenError `corrupt_index`, `unknown_quantizer`, `io`
 */
export async function readFlat(
  image: IndexImage,
  quantizers: readonly Quantizer[],
  accelerator: Accelerator | undefined,
): Promise<Omit<FlatParts, 'quantizer'> & { readonly quantizer: Quantizer }> {
  const { shape, quantizerName, rowCount } = readFacts(image)
  const quantizer = findQuantizer(quantizerName, quantizers)
  const words = new Uint32Array(Math.ceil(rowCount / 32))
  await storedSection(image, 'live', words.byteLength).readInto([bytesOf(words)])
  const live = Bitset.fromWords(words, rowCount)
  if (rowCount === 0) return { shape, quantizer, codes: undefined, live, rowCount }

  const { sizeBytes } = storedSection(image, 'parameters')
  if (sizeBytes % 4 !== 0)
    throw corruptImage(image, `section parameters has ${sizeBytes} bytes, no whole number of f32`)
  const parameters = new Float32Array(sizeBytes / 4)
  await storedSection(image, 'parameters').readInto([bytesOf(parameters)])
  const codes = new Codes(quantizer.open(parameters, shape), accelerator)
  const section = storedSection(image, 'codes', codes.slab.bytesFor(rowCount))
  codes.slab.ensure(rowCount)
  await section.readInto(codes.slab.parts(rowCount))
  return { shape, quantizer, codes, live, rowCount }
}

function readFacts(image: IndexImage): { shape: Shape; quantizerName: string; rowCount: number } {
  const { kind, dimension, metric, quantizer, rows } = image.metadata
  if (kind !== KIND)
    throw corruptImage(image, `it holds an index of kind ${JSON.stringify(kind)}, not ${KIND}`)
  if (typeof quantizer !== 'string') throw corruptImage(image, 'its metadata names no quantizer')
  if (typeof rows !== 'number' || !Number.isInteger(rows) || rows < 0 || rows > NO_ROW) {
    throw corruptImage(image, `its metadata gives ${JSON.stringify(rows)} rows`)
  }
  const known = METRICS.find((name): name is Metric => name === metric)
  if (known === undefined || typeof dimension !== 'number')
    throw corruptImage(image, 'its metadata gives no shape')
  const shape = { dimension, metric: known }
  try {
    checkShape(shape)
  } catch (error) {
    throw corruptImage(image, 'its metadata gives an impossible shape', error)
  }
  return { shape, quantizerName: quantizer, rowCount: rows }
}

function section(name: string, sizeBytes: number, parts: () => Iterable<Uint8Array>): Section {
  return { name, sizeBytes, parts }
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
