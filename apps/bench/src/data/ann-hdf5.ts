import { OmenError } from '@omen/core'
import { type Hdf5File, type Matrix, malformed, openHdf5 } from '@omen/vector-files'
import { type FloatMetric, metricNamed } from './dataset.ts'

/** A file in the layout of ann-benchmarks. */
export interface Hdf5Dataset {
  readonly metric: FloatMetric
  readonly train: Matrix<Float32Array>
  readonly test: Matrix<Float32Array>
  readonly neighbors: Matrix<Uint32Array>
  /** As the file has them: Euclidean distances, not squared. */
  readonly distances: Matrix<Float32Array> | undefined
}

/**
 * Reads an HDF5 file of ann-benchmarks: `train`, `test`, `neighbors`, `distances`, and the attribute `distance`.
 *
 * @throws OmenError `not_found`, `unsupported` for metrics over bits or sets, `corrupt_dataset`
 */
export async function readHdf5(path: string): Promise<Hdf5Dataset> {
  const file = await openHdf5(path)
  try {
    const metric = readMetric(path, file)
    const train = readMatrix(file, 'train', Float32Array)
    const test = readMatrix(file, 'test', Float32Array)
    const neighbors = readMatrix(file, 'neighbors', Uint32Array)
    const distances = file.names.includes('distances')
      ? readMatrix(file, 'distances', Float32Array)
      : undefined
    if (train.dimension !== test.dimension) {
      throw malformed(path, `has vectors of dimension ${train.dimension} and queries of ${test.dimension}`)
    }
    if (neighbors.rows !== test.rows) {
      throw malformed(path, `has ${test.rows} queries and neighbours of ${neighbors.rows}`)
    }
    const stray = neighbors.values.findIndex((row) => row >= train.rows)
    if (stray >= 0)
      throw malformed(path, `names neighbour ${neighbors.values[stray]} of ${train.rows} vectors`)
    return { metric, train, test, neighbors, distances }
  } finally {
    file.close()
  }
}

function readMetric(path: string, file: Hdf5File): FloatMetric {
  const value = file.attribute('distance')
  if (value === undefined) throw malformed(path, 'has no attribute "distance"')
  const metric = metricNamed(value)
  if (!metric)
    throw new OmenError('unsupported', `${path} uses the distance "${value}", which is not measured here`)
  return metric
}

function readMatrix<T extends Float32Array | Uint32Array>(
  file: Hdf5File,
  name: string,
  type: new (length: number) => T,
): Matrix<T> {
  const { rows, dimension, read } = file.matrix(name)
  const values = new type(rows * dimension)
  read(0, rows, values)
  return { rows, dimension, values }
}
