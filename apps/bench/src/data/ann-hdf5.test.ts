import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { File as H5File, ready } from 'h5wasm/node'
import { describe, expect, test } from 'vitest'
import { datasetsFolder } from '../paths.ts'
import { temporaryFile, temporaryFolder } from '../testing/files.ts'
import { readHdf5 } from './ann-hdf5.ts'

interface Parts {
  distance?: string | null
  train?: Float32Array | Uint8Array
  trainShape?: number[]
  test?: Float32Array
  neighbors?: Int32Array | BigInt64Array
  chunks?: number[]
}

/** Writes a file with three vectors and two queries of two components, changed as asked. */
async function writeHdf5(parts: Parts = {}): Promise<string> {
  await ready
  const path = join(temporaryFolder(), 'a.hdf5')
  const file = new H5File(path, 'w')
  const { distance = 'euclidean', chunks } = parts
  const compressed = chunks ? { chunks, compression: 4 as const } : {}
  const train = parts.train ?? Float32Array.of(0, 0, 1, 1, 5, 5)
  file.create_dataset({ name: 'train', data: train, shape: parts.trainShape ?? [3, 2], ...compressed })
  file.create_dataset({ name: 'test', data: parts.test ?? Float32Array.of(0, 1, 5, 4), shape: [2, 2] })
  file.create_dataset({
    name: 'neighbors',
    data: parts.neighbors ?? Int32Array.of(0, 1, 2, 1),
    shape: [2, 2],
  })
  if (distance !== null) file.create_attribute('distance', distance)
  file.close()
  return path
}

describe('an HDF5 file of ann-benchmarks', () => {
  test('is read', async () => {
    const read = await readHdf5(await writeHdf5())
    expect(read.metric).toBe('l2')
    expect(read.train).toEqual({ rows: 3, dimension: 2, values: Float32Array.of(0, 0, 1, 1, 5, 5) })
    expect(read.test.values).toEqual(Float32Array.of(0, 1, 5, 4))
    expect(read.neighbors).toEqual({ rows: 2, dimension: 2, values: Uint32Array.of(0, 1, 2, 1) })
    expect(read.distances).toBeUndefined()
  })

  test('may hold bytes, in compressed chunks, with 64-bit row numbers', async () => {
    const train = Uint8Array.from({ length: 3 * 2 }, (_, i) => 40 * i)
    const neighbors = BigInt64Array.of(2n, 1n, 0n, 1n)
    const read = await readHdf5(await writeHdf5({ train, neighbors, chunks: [1, 2], distance: 'angular' }))
    expect(read.metric).toBe('cosine')
    expect(read.train.values).toEqual(Float32Array.of(0, 40, 80, 120, 160, 200))
    expect(read.neighbors.values).toEqual(Uint32Array.of(2, 1, 0, 1))
  })

  test('with real descriptors is read whole', async () => {
    const { train, test, neighbors, distances } = await readHdf5(join(datasetsFolder, 'sift-photos-10k.hdf5'))
    expect([train.rows, train.dimension, test.rows, neighbors.dimension]).toEqual([10_000, 128, 1_000, 100])
    const [first] = neighbors.values
    let squared = 0
    for (let i = 0; i < 128; i++) {
      squared += ((train.values[128 * (first ?? 0) + i] ?? 0) - (test.values[i] ?? 0)) ** 2
    }
    expect(Math.sqrt(squared)).toBeCloseTo(distances?.values[0] ?? 0, 3)
  })

  test.each<[string, Parts, RegExp]>([
    ['without its distance', { distance: null }, /no attribute "distance"/],
    ['over sets', { distance: 'jaccard' }, /"jaccard", which is not measured/],
    ['with one axis', { trainShape: [6] }, /"train" with 1 axes/],
    ['with queries of another dimension', { trainShape: [2, 3] }, /dimension 3 and queries of 2/],
    ['naming rows it has not', { neighbors: Int32Array.of(0, 1, 2, 3) }, /neighbour 3 of 3/],
    ['naming rows below zero', { neighbors: Int32Array.of(0, -1, 2, 1) }, /neighbour 4294967295 of 3/],
  ])('%s is refused', async (_, parts, message) => {
    await expect(readHdf5(await writeHdf5(parts))).rejects.toThrow(message)
  })

  test('cut short is refused', async () => {
    const whole = readFileSync(join(datasetsFolder, 'sift-photos-10k.hdf5'))
    for (const share of [0, 0.0001, 0.5, 0.99]) {
      const path = temporaryFile('cut.hdf5', whole.subarray(0, Math.floor(whole.length * share)))
      await expect(readHdf5(path), String(share)).rejects.toThrow(
        expect.objectContaining({ code: 'corrupt_dataset' }),
      )
    }
  })

  test('of another kind, or missing, is refused', async () => {
    const path = join(temporaryFolder(), 'text.hdf5')
    writeFileSync(path, 'this is text')
    await expect(readHdf5(path)).rejects.toThrow(/is no HDF5 file/)
    await expect(readHdf5('missing.hdf5')).rejects.toThrow(expect.objectContaining({ code: 'not_found' }))
  })
})
