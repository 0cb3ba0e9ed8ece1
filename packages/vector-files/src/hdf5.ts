import { existsSync } from 'node:fs'
import { OmenError } from '@omen/core'
import type { Dataset, File as H5File } from 'h5wasm/node'
import { malformed } from './bytes.ts'

/** A two-dimensional data set of an HDF5 file, read as it is needed, whatever type its numbers have there. */
export interface Hdf5Matrix {
  readonly rows: number
  readonly dimension: number
  /**
   * Rows `from` to before `to`, one after another.
   *
   * @param values overwritten from its beginning; numbers that it cannot hold are rounded as typed arrays do
   * @throws OmenError `corrupt_dataset`
   */
  read(from: number, to: number, values: Float32Array | Uint32Array): void
}

/** An HDF5 file that is open for reading. */
export interface Hdf5File {
  /** Names of the data sets and groups at its root. */
  readonly names: readonly string[]
  /** The shape of a data set; undefined where there is none of this name. */
  shape(name: string): readonly number[] | undefined
  /** A value in text beside the data; undefined where there is none, or one of another kind. */
  attribute(name: string): string | undefined
  /** @throws OmenError `corrupt_dataset` where there is no data set of this name with two axes */
  matrix(name: string): Hdf5Matrix
  close(): void
}

/** Read at a time, so that the library's own memory (at most 4 GiB) holds no whole data set. */
const SLICE_BYTES = 1 << 24
/** Rows of a chunk that is written. */
const CHUNK_ROWS = 256

/**
 * Opens an HDF5 file.
 *
 * @throws OmenError `not_found`, `corrupt_dataset`
 */
export async function openHdf5(path: string): Promise<Hdf5File> {
  if (!existsSync(path)) throw new OmenError('not_found', `there is no file ${path}`)
  const { File } = await library()
  const file = attempt(path, 'is no HDF5 file, or is cut short', () => new File(path, 'r'))
  return {
    names: file.keys(),
    shape: (name) => datasetOf(file, name)?.shape ?? undefined,
    attribute(name) {
      const value = file.attrs[name]?.value
      return typeof value === 'string' ? value : undefined
    },
    matrix: (name) => matrixOf(path, file, name),
    close: () => void file.close(),
  }
}

/** An HDF5 file with one data set of vectors, which grows. */
export interface Hdf5Writer {
  /** @param values whole rows, as f32 */
  append(values: Float32Array): void
  close(): void
}

/**
 * Begins an HDF5 file with one data set of f32 rows, in place of a file that is there.
 *
 * @throws OmenError `io`
 */
export async function createHdf5(path: string, name: string, dimension: number): Promise<Hdf5Writer> {
  const { File } = await library()
  const file = writing(path, () => new File(path, 'w'))
  const dataset = writing(path, () =>
    file.create_dataset({
      ...{ name, data: new Float32Array(0), dtype: '<f4', shape: [0, dimension] },
      ...{ maxshape: [null, dimension], chunks: [CHUNK_ROWS, dimension] },
    }),
  )
  let rows = 0
  return {
    append(values) {
      const end = rows + values.length / dimension
      writing(path, () => {
        dataset.resize([end, dimension])
        dataset.write_slice(
          [
            [rows, end],
            [0, dimension],
          ],
          values,
        )
      })
      rows = end
    },
    close: () => void file.close(),
  }
}

/** Five megabytes of WebAssembly, which most runs do without. */
async function library(): Promise<typeof import('h5wasm/node')> {
  const h5wasm = await import('h5wasm/node')
  const module = await h5wasm.ready
  module.activate_throwing_error_handler()
  return h5wasm
}

function datasetOf(file: H5File, name: string): Dataset | undefined {
  const found = file.keys().includes(name) ? file.get(name) : undefined
  return found && 'slice' in found ? (found as Dataset) : undefined
}

function matrixOf(path: string, file: H5File, name: string): Hdf5Matrix {
  const found = datasetOf(file, name)
  if (!found) throw malformed(path, `has no data set "${name}"`)
  const [rows, dimension, more] = found.shape ?? []
  if (rows === undefined || dimension === undefined || more !== undefined) {
    throw malformed(path, `has "${name}" with ${found.shape?.length ?? 0} axes where 2 are needed`)
  }
  const step = Math.max(1, Math.floor(SLICE_BYTES / (dimension * Math.max(1, found.metadata.size))))
  return {
    rows,
    dimension,
    read(from, to, values) {
      for (let row = from; row < to; row += step) {
        const end = Math.min(to, row + step)
        const part = attempt(path, `is cut short or damaged in "${name}"`, () =>
          found.slice([
            [row, end],
            [0, dimension],
          ]),
        )
        const numbers = asNumbers(part)
        if (numbers?.length !== (end - row) * dimension) throw malformed(path, `has no numbers in "${name}"`)
        values.set(numbers, (row - from) * dimension)
      }
    },
  }
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

function writing<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new OmenError('io', `could not write ${path}`, { cause })
  }
}
