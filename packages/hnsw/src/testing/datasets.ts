import { fileURLToPath } from 'node:url'
import { Dataset, File, ready } from 'h5wasm/node'

const SIFT = fileURLToPath(new URL('../../../../datasets/sift-photos-10k.hdf5', import.meta.url))

/** Vectors of a data set, rows x dimension. */
export interface Data {
  readonly dimension: number
  readonly train: Float32Array
  readonly queries: Float32Array
}

/** Real SIFT descriptors of photographs: 10,000 rows of 128 whole numbers, and 1,000 queries from other pictures. */
export async function loadSift(): Promise<Data> {
  await ready
  const file = new File(SIFT, 'r')
  try {
    return { dimension: 128, train: read(file, 'train'), queries: read(file, 'test') }
  } finally {
    file.close()
  }
}

function read(file: File, name: string): Float32Array {
  const dataset = file.get(name)
  if (!(dataset instanceof Dataset)) throw new Error(`${SIFT} has no data set ${name}`)
  return Float32Array.from(dataset.value as ArrayLike<number>)
}
