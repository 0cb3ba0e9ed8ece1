import type { Dataset, FloatMetric } from '../data/dataset.ts'
import { groundTruth } from '../data/ground-truth.ts'
import { Random } from '../data/random.ts'

/** Vectors around a few centres, so that neighbours differ from far away rows; rows x dimension. */
export function clusteredVectors(rows: number, dimension: number, seed: number): Float32Array {
  const random = new Random(seed)
  const centres = Float32Array.from({ length: 8 * dimension }, () => 4 * random.normal())
  const out = new Float32Array(rows * dimension)
  for (let row = 0; row < rows; row++) {
    const centre = random.below(8) * dimension
    for (let i = 0; i < dimension; i++)
      out[row * dimension + i] = (centres[centre + i] ?? 0) + random.normal()
  }
  return out
}

/** A small data set with its true answers. */
export async function tinyDataset(
  options: { metric?: FloatMetric; rows?: number; queries?: number; k?: number; name?: string } = {},
): Promise<Dataset> {
  const { metric = 'l2', rows = 300, queries = 20, k = 20, name = 'tiny' } = options
  const dimension = 12
  const vectors = clusteredVectors(rows + queries, dimension, 7)
  const base = vectors.slice(0, rows * dimension)
  const queryVectors = vectors.slice(rows * dimension)
  const truth = await groundTruth({ base, queryVectors, dimension, metric, k })
  return {
    name,
    metric,
    dimension,
    rows,
    queries,
    neighborsPerQuery: k,
    base,
    queryVectors,
    neighbors: truth.rows,
  }
}
