import { fileURLToPath } from 'node:url'
import { Dataset, File, ready } from 'h5wasm/node'

const SIFT = fileURLToPath(new URL('../../../../datasets/sift-photos-10k.hdf5', import.meta.url))

/** Vectors of a data set, rows x dimension. */
export interface Data {
  readonly dimension: number
  readonly count: number
  readonly vectors: Float32Array
  readonly queries: Float32Array
}

/** Real SIFT descriptors of photographs: the first `count` of 10,000 rows of 128 whole numbers, and 1,000 queries. */
export async function loadSift(count: number): Promise<Data> {
  await ready
  const file = new File(SIFT, 'r')
  try {
    return {
      dimension: 128,
      count,
      vectors: read(file, 'train').subarray(0, count * 128),
      queries: read(file, 'test'),
    }
  } finally {
    file.close()
  }
}

function read(file: File, name: string): Float32Array {
  const dataset = file.get(name)
  if (!(dataset instanceof Dataset)) throw new Error(`${SIFT} has no data set ${name}`)
  return Float32Array.from(dataset.value as ArrayLike<number>)
}
