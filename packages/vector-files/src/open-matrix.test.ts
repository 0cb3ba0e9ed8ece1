import { describe, expect, test } from 'vitest'
import { readBytes, readNumbers, toFloats } from './bytes.ts'
import { readMatrix } from './open-matrix.ts'
import { temporaryFile } from './testing/files.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

/** Bytes of numbers, each written by its own function. */
function bytes(
  ...parts: (number[] | Float32Array | Int32Array | Uint8Array | Int8Array | string)[]
): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1')
      const array = Array.isArray(part) ? Uint32Array.from(part) : part
      return Buffer.from(array.buffer, array.byteOffset, array.byteLength)
    }),
  )
}

describe('fvecs, bvecs and ivecs', () => {
  const twoRows = bytes([3], Float32Array.of(1, 2.5, -3), [3], Float32Array.of(4, 5, 6))

  test('are read without their headers', () => {
    const matrix = readMatrix(temporaryFile('a.fvecs', twoRows))
    expect(matrix).toEqual({ rows: 2, dimension: 3, values: Float32Array.of(1, 2.5, -3, 4, 5, 6) })
    const bvecs = readMatrix(temporaryFile('a.bvecs', bytes([5], Uint8Array.of(1, 2, 3, 4, 255))))
    expect(bvecs).toEqual({ rows: 1, dimension: 5, values: Uint8Array.of(1, 2, 3, 4, 255) })
    const ivecs = readMatrix(temporaryFile('a.ivecs', bytes([2], Int32Array.of(-1, 7))))
    expect(ivecs.values).toEqual(Int32Array.of(-1, 7))
  })

  test('may be empty', () => {
    expect(readMatrix(temporaryFile('a.fvecs', ''))).toMatchObject({ rows: 0, dimension: 0 })
  })

  test.each([1, 4, 15, 17, 31])('cut after %i bytes are refused', (length) => {
    const path = temporaryFile('a.fvecs', twoRows.subarray(0, length))
    expect(() => readMatrix(path)).toThrow(code('corrupt_dataset'))
  })

  test('with another dimension further down are refused', () => {
    const mixed = bytes([3], Float32Array.of(1, 2, 3), [4], Float32Array.of(4, 5, 6))
    expect(() => readMatrix(temporaryFile('a.fvecs', mixed))).toThrow(/dimension 4 in row 1 and 3 before/)
  })

  test('with a senseless dimension are refused', () => {
    const path = temporaryFile('a.fvecs', bytes([0xffffffff], Float32Array.of(1)))
    expect(() => readMatrix(path)).toThrow(/begins with the dimension -1/)
  })

  test('of another extension are refused', () => {
    expect(() => readMatrix(temporaryFile('a.vecs', twoRows))).toThrow(code('unsupported'))
  })
})

describe('fbin, u8bin, i8bin and ibin', () => {
  const whole = bytes([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))

  test('are read', () => {
    expect(readMatrix(temporaryFile('a.fbin', whole))).toEqual({
      rows: 2,
      dimension: 3,
      values: Float32Array.of(1, 2, 3, 4, 5, 6),
    })
    expect(readMatrix(temporaryFile('a.i8bin', bytes([1, 2], Int8Array.of(-128, 127)))).values).toEqual(
      Int8Array.of(-128, 127),
    )
    expect(readMatrix(temporaryFile('a.u8bin', bytes([1, 2], Uint8Array.of(0, 255)))).values).toEqual(
      Uint8Array.of(0, 255),
    )
    expect(readMatrix(temporaryFile('a.ibin', bytes([1, 1], Int32Array.of(-9)))).values).toEqual(
      Int32Array.of(-9),
    )
  })

  test.each([0, 7, 8, 31])('cut after %i bytes are refused', (length) => {
    const path = temporaryFile('a.fbin', whole.subarray(0, length))
    expect(() => readMatrix(path)).toThrow(code('corrupt_dataset'))
  })

  test('with bytes to spare are refused', () => {
    expect(() => readMatrix(temporaryFile('a.fbin', bytes(whole, [1])))).toThrow(
      /28 bytes|25 bytes of data where 2 rows/,
    )
  })
})

describe('npy', () => {
  const npy = (descr: string, shape: string, body: Uint8Array, order = 'False', version = 1): Uint8Array => {
    const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`
    const header = `${text}${' '.repeat((64 - ((10 + text.length + 1) % 64)) % 64)}\n`
    const length = version === 1 ? Uint8Array.of(header.length % 256, header.length >> 8) : [header.length]
    return bytes('\x93NUMPY', Uint8Array.of(version, 0), length, header, body)
  }
  const body = bytes(Float32Array.of(1, 2, 3, 4))

  test('is read, in versions 1 and 2', () => {
    const expected = { rows: 2, dimension: 2, values: Float32Array.of(1, 2, 3, 4) }
    expect(readMatrix(temporaryFile('a.npy', npy('<f4', '(2, 2)', body)))).toEqual(expected)
    expect(readMatrix(temporaryFile('a.npy', npy('<f4', '(2, 2)', body, 'False', 2)))).toEqual(expected)
    const small = readMatrix(temporaryFile('a.npy', npy('|i1', '(1, 3)', Uint8Array.of(1, 255, 3))))
    expect(small.values).toEqual(Int8Array.of(1, -1, 3))
  })

  test.each([
    ['cut in its data', npy('<f4', '(2, 2)', body.subarray(0, 15)), 'corrupt_dataset'],
    ['cut in its header', npy('<f4', '(2, 2)', body).subarray(0, 40), 'corrupt_dataset'],
    ['cut in its magic', npy('<f4', '(2, 2)', body).subarray(0, 5), 'corrupt_dataset'],
    ['of another format', bytes('PK\x03\x04 this is a zip file'), 'corrupt_dataset'],
    ['of doubles', npy('<f8', '(1, 2)', body), 'unsupported'],
    ['of big-endian floats', npy('>f4', '(2, 2)', body), 'unsupported'],
    ['in column-major order', npy('<f4', '(2, 2)', body, 'True'), 'unsupported'],
    ['with one axis', npy('<f4', '(4,)', body), 'unsupported'],
    ['with three axes', npy('<f4', '(2, 2, 1)', body), 'unsupported'],
  ])('%s is refused', (_, content, expected) => {
    expect(() => readMatrix(temporaryFile('a.npy', content))).toThrow(code(expected))
  })
})

describe('files of vectors', () => {
  test('are read by their extension', () => {
    const path = temporaryFile('a.u8bin', bytes([1, 2], Uint8Array.of(3, 4)))
    expect(toFloats(readMatrix(path).values)).toEqual(Float32Array.of(3, 4))
    expect(() => readMatrix('a.parquet')).toThrow(/no known format: .fvecs/)
  })

  test('that are missing are named', () => {
    expect(() => readMatrix('missing.fvecs')).toThrow(code('not_found'))
    expect(() => readBytes('missing')).toThrow(/missing/)
  })

  test('of plain numbers must have the right size', () => {
    const path = temporaryFile('a.f32bin', bytes(Float32Array.of(1, 2)))
    expect(readNumbers(path, 'f32', 2)).toEqual(Float32Array.of(1, 2))
    expect(() => readNumbers(path, 'f32', 3)).toThrow(/8 bytes where 3 f32 numbers take 12/)
  })
})
