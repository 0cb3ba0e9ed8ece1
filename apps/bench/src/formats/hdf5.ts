import { existsSync } from 'node:fs'
import { OmenError } from '@omen/core'
import type { File as H5File } from 'h5wasm/node'
import { type FloatMetric, metricNamed } from '../data/dataset.ts'
import { type Matrix, malformed } from './bytes.ts'

/** A file in the layout of ann-benchmarks. */
export interface Hdf5Dataset {
  readonly metric: FloatMetric
  readonly train: Matrix<Float32Array>
  readonly test: Matrix<Float32Array>
  readonly neighbors: Matrix<Uint32Array>
  /** As the file has them: Euclidean distances, not squared. */
  readonly distances: Matrix<Float32Array> | undefined
}

/** Read at a time, so that the library's own memory (at most 4 GiB) holds no whole data set. */
const SLICE_BYTES = 1 << 24

/**
 * Reads an HDF5 file of ann-benchmarks: `train`, `test`, `neighbors`, `distances`, and the attribute `distance`.
 *
 * @throws OmenError `not_found`, `unsupported` for metrics over bits or sets, `corrupt_dataset`
 */
export async function readHdf5(path: string): Promise<Hdf5Dataset> {
  if (!existsSync(path)) throw new OmenError('not_found', `there is no file ${path}`)
  // Five megabytes of WebAssembly, which most runs do without.
  const h5wasm = await import('h5wasm/node')
  const library = await h5wasm.ready
  library.activate_throwing_error_handler()
  const file = attempt(path, 'is no HDF5 file, or is cut short', () => new h5wasm.File(path, 'r'))
  try {
    const metric = readMetric(path, file)
    const train = readMatrix(path, file, 'train', Float32Array)
    const test = readMatrix(path, file, 'test', Float32Array)
    const neighbors = readMatrix(path, file, 'neighbors', Uint32Array)
    const distances = file.keys().includes('distances')
      ? readMatrix(path, file, 'distances', Float32Array)
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

function readMetric(path: string, file: H5File): FloatMetric {
  const value = file.attrs.distance?.value
  if (typeof value !== 'string') throw malformed(path, 'has no attribute "distance"')
  const metric = metricNamed(value)
  if (!metric)
    throw new OmenError('unsupported', `${path} uses the distance "${value}", which is not measured here`)
  return metric
}

function readMatrix<T extends Float32Array | Uint32Array>(
  path: string,
  file: H5File,
  name: string,
  type: new (length: number) => T,
): Matrix<T> {
  const found = file.keys().includes(name) ? file.get(name) : undefined
  if (!found || !('slice' in found)) throw malformed(path, `has no data set "${name}"`)
  const [rows, dimension, more] = found.shape ?? []
  if (rows === undefined || dimension === undefined || more !== undefined) {
    throw malformed(path, `has "${name}" with ${found.shape?.length ?? 0} axes where 2 are needed`)
  }
  const values = new type(rows * dimension)
  const step = Math.max(1, Math.floor(SLICE_BYTES / (dimension * Math.max(1, found.metadata.size))))
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step)
    const part = attempt(path, `is cut short or damaged in "${name}"`, () =>
      found.slice([
        [row, end],
        [0, dimension],
      ]),
    )
    const numbers = asNumbers(part)
    if (numbers?.length !== (end - row) * dimension) throw malformed(path, `has no numbers in "${name}"`)
    values.set(numbers, row * dimension)
  }
  return { rows, dimension, values }
}

/** What the library gave, as numbers that fit a typed array; undefined for anything else. */
function asNumbers(part: unknown): ArrayLike<number> | undefined {
  if (part instanceof BigInt64Array || part instanceof BigUint64Array) return Array.from(part, Number)
  return ArrayBuffer.isView(part) && !(part instanceof DataView)
    ? (part as unknown as Float32Array)
    : undefined
}

function attempt<T>(path: string, what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw malformed(path, what, error)
  }
}
