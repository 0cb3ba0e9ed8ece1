import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openHdf5 } from './hdf5.ts'
import { openMatrix, readMatrix } from './open-matrix.ts'
import { temporaryFolder } from './testing/files.ts'
import { createMatrix } from './write-matrix.ts'

/** Values whose bits tell whether they went through another type. */
const first = Float32Array.of(0.1, -0, 1e-45, 3.4e38, -1, 2)
const second = Float32Array.of(5, 6, 7)
const all = Float32Array.of(...first, ...second)

test.each(['.fvecs', '.npy'])('%s comes back bit for bit, in slices too', async (extension) => {
  const path = join(temporaryFolder(), `a${extension}`)
  const writer = await createMatrix(path, 3, 'v')
  await writer.append(first)
  await writer.append(second)
  await writer.close()
  expect(readMatrix(path)).toEqual({ rows: 3, dimension: 3, values: all })
  const file = openMatrix(path)
  expect(file.read(1, 3)).toEqual(all.subarray(3))
  expect(Object.is(file.read(0, 1)[1], -0)).toBe(true)
  file.close()
})

test('.hdf5 comes back bit for bit, in slices too', async () => {
  const path = join(temporaryFolder(), 'a.hdf5')
  const writer = await createMatrix(path, 3, 'v')
  await writer.append(first)
  await writer.append(second)
  await writer.close()
  const file = await openHdf5(path)
  expect(file.names).toEqual(['v'])
  expect(file.shape('v')).toEqual([3, 3])
  expect(file.shape('w')).toBeUndefined()
  const values = new Float32Array(6)
  file.matrix('v').read(1, 3, values)
  expect(values).toEqual(all.subarray(3))
  expect(() => file.matrix('w')).toThrow(/no data set "w"/)
  file.close()
})

test('an empty file is one of no rows', async () => {
  const path = join(temporaryFolder(), 'a.npy')
  await (await createMatrix(path, 7, 'v')).close()
  expect(readMatrix(path)).toMatchObject({ rows: 0, dimension: 7 })
})

test('another extension is refused', async () => {
  await expect(createMatrix('a.parquet', 3, 'v')).rejects.toThrow(
    expect.objectContaining({ code: 'unsupported' }),
  )
})

test('a folder that is not there is named', async () => {
  await expect(createMatrix(join(temporaryFolder(), 'no', 'a.npy'), 3, 'v')).rejects.toThrow(/no.a\.npy/)
})

const numpy = hasNumpy()

test.skipIf(!numpy)('.npy is read by NumPy [skipped where Python with NumPy is not installed]', async () => {
  const path = join(temporaryFolder(), 'a.npy')
  const writer = await createMatrix(path, 3, 'v')
  await writer.append(all)
  await writer.close()
  const code = 'import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype, a.shape, a[2].tolist())'
  expect(execFileSync('python3', ['-c', code, path], { encoding: 'utf8' })).toBe(
    'float32 (3, 3) [5.0, 6.0, 7.0]\n',
  )
})

function hasNumpy(): boolean {
  try {
    execFileSync('python3', ['-c', 'import numpy'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
