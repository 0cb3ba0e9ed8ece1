import type { Metric } from '@omen/core'

/** Metrics that the data sets have: those over floats. */
export type FloatMetric = Exclude<Metric, 'hamming'>

/** What is known of a data set without reading its vectors. */
export interface DatasetFacts {
  readonly name: string
  readonly metric: FloatMetric
  readonly dimension: number
  /** Vectors to index. */
  readonly rows: number
  readonly queries: number
  /** True nearest rows known for each query. */
  readonly neighborsPerQuery: number
}

/** Vectors to index, queries, and the true answers. */
export interface Dataset extends DatasetFacts {
  /** rows x dimension */
  readonly base: Float32Array
  /** queries x dimension */
  readonly queryVectors: Float32Array
  /** queries x neighborsPerQuery row numbers, closest first */
  readonly neighbors: Uint32Array
}

const NAMES: Readonly<Record<string, FloatMetric>> = {
  euclidean: 'l2',
  l2: 'l2',
  angular: 'cosine',
  cosine: 'cosine',
  dot: 'dot',
  ip: 'dot',
}

/** The metric that a name used in data sets stands for; undefined for those over bits or sets. */
export function metricNamed(name: string): FloatMetric | undefined {
  return NAMES[name.toLowerCase()]
}
