import { fileURLToPath } from 'node:url'
import { Dataset, File, ready } from 'h5wasm/node'

const SIFT = fileURLToPath(new URL('../../../../datasets/sift-photos-10k.hdf5', import.meta.url))

/** Real SIFT descriptors of photographs: vectors of 128 whole numbers, and queries from other pictures. */
export async function loadSift(): Promise<{
  readonly train: readonly Float32Array[]
  readonly queries: readonly Float32Array[]
}> {
  await ready
  const file = new File(SIFT, 'r')
  try {
    return { train: read(file, 'train'), queries: read(file, 'test') }
  } finally {
    file.close()
  }
}

function read(file: File, name: string): Float32Array[] {
  const dataset = file.get(name)
  if (!(dataset instanceof Dataset)) throw new Error(`${SIFT} has no data set ${name}`)
  const values = Float32Array.from(dataset.value as ArrayLike<number>)
  return Array.from({ length: values.length / 128 }, (_, i) => values.subarray(i * 128, (i + 1) * 128))
}
