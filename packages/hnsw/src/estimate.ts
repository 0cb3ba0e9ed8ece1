import { allocateVectors, checkWholeNumber, type Shape, trainCodec, type Vectors } from '@omen/core'
import { Graph, type GraphBytes } from './graph.ts'
import { rowHash } from './levels.ts'
import { checkOptions, type HnswOptions } from './options.ts'
import { parameterBytes } from './stats.ts'

/** The index to be, as `HnswOptions` says it, and how many rows it will have. */
export interface EstimateOptions
  extends Pick<HnswOptions, 'dimension' | 'metric' | 'm' | 'quantizer' | 'keep'> {
  readonly rows: number
}

/** Bytes of each part of an index, by the names that `stats().bytes` has for them. */
export interface Estimate extends GraphBytes {
  readonly codes: number
  /** What is kept beside lossy codes. */
  readonly exact: number
  /** What the quantizers learn. */
  readonly parameters: number
  readonly total: number
  readonly perRow: number
}

/** Vectors that stand for those to come: what a code takes does not depend on them. */
const SAMPLE = 256
const MAX_SAMPLE_ELEMENTS = 2 ** 20

/**
 * Says what an index will take in memory, by part and in all, before there is one.
 *
 * Upper lists are counted as they are on average; each other part is what `stats()` of such an index counts. What does
 * not grow with the rows' bytes is left out: a search marks the rows it has seen, 2 to 4 bytes a row for each thread that
 * searches, and slabs grow by chunks of 16,384 rows whose pages are taken when they are first touched.
 *
 * @throws OmenError `invalid_argument` naming the option, `unknown_metric`, `unsupported` by a quantizer
 */
export function estimate({ rows, ...options }: EstimateOptions): Estimate {
  checkWholeNumber('rows', rows)
  const { shape, m, quantizer, keep } = checkOptions({ ...options, accelerator: null })
  const sample = sampleOf(shape)
  const codec = trainCodec(quantizer, sample, shape)
  const exactCodec = keep && trainCodec(keep, sample, shape)
  const graph = new Graph(m)
  const parts = {
    codes: rows * codec.bytesPerRow,
    exact: rows * (exactCodec?.bytesPerRow ?? 0),
    parameters: parameterBytes(codec, exactCodec),
    ...graph.bytesFor(rows, upperLists(rows, graph.levels)),
  }
  const total = Object.values(parts).reduce((sum, each) => sum + each, 0)
  return { ...parts, total, perRow: total / rows }
}

/** Upper lists that so many rows have between them, on average. */
function upperLists(rows: number, levels: Uint32Array): number {
  return Math.round(rows * levels.reduce((sum, threshold) => sum + threshold / 2 ** 32, 0))
}

/** Vectors without meaning. */
function sampleOf(shape: Shape): Vectors {
  const count = Math.max(1, Math.min(SAMPLE, Math.floor(MAX_SAMPLE_ELEMENTS / shape.dimension)))
  const sample = allocateVectors(shape, count)
  for (let i = 0; i < sample.length; i++) {
    const hash = rowHash(i)
    sample[i] = shape.metric === 'hamming' ? hash & 0xff : hash / 2 ** 31 - 1
  }
  return sample
}
