import { OmenError } from '@omen/core'
import { type Component, componentBytes, type Matrix, malformed, readBytes, view } from './bytes.ts'

const MAGIC = '\x93NUMPY'
const TYPES: Readonly<Record<string, Component>> = {
  '<f4': 'f32',
  '|u1': 'u8',
  '|i1': 'i8',
  '<i4': 'i32',
  '<u4': 'u32',
}

/**
 * Reads a two-dimensional array in NumPy's format (versions 1 to 3), in row-major order.
 *
 * @throws OmenError `not_found`, `io`, `unsupported` for other types, orders or numbers of axes, `corrupt_dataset`
 */
export function readNpy(path: string): Matrix {
  const bytes = readBytes(path)
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1')
  const version = bytes[6] ?? 0
  const lengthBytes = version === 1 ? 2 : 4
  const start = 8 + lengthBytes
  if (bytes.length < start || text(0, 6) !== MAGIC) throw malformed(path, 'does not begin like a NumPy file')
  if (version < 1 || version > 3)
    throw new OmenError('unsupported', `${path} is of version ${version} of the format`)
  const header = new DataView(bytes.buffer)
  const headerBytes = lengthBytes === 2 ? header.getUint16(8, true) : header.getUint32(8, true)
  if (start + headerBytes > bytes.length) throw malformed(path, 'ends inside its header')
  const { type, shape } = parseHeader(path, text(start, start + headerBytes))
  const [rows, dimension] = shape
  const expected = rows * dimension * componentBytes(type)
  const body = bytes.subarray(start + headerBytes)
  if (body.length !== expected) {
    throw malformed(
      path,
      `has ${body.length} bytes of data where ${rows} rows of dimension ${dimension} take ${expected}`,
    )
  }
  // Writers pad the header so that the data is aligned; those that did not get a copy.
  return {
    rows,
    dimension,
    values: view(type, body.byteOffset % componentBytes(type) === 0 ? body : body.slice()),
  }
}

function parseHeader(path: string, header: string): { type: Component; shape: [number, number] } {
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1]
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1]
  if (descr === undefined || order === undefined || shape === undefined)
    throw malformed(path, 'has a broken header')
  const type = TYPES[descr]
  if (!type) {
    throw new OmenError(
      'unsupported',
      `${path} holds type ${descr}; choose one of ${Object.keys(TYPES).join(', ')}`,
    )
  }
  if (order === 'True') throw new OmenError('unsupported', `${path} is in column-major order`)
  const axes = shape.split(',').filter((part) => part.trim() !== '')
  const [rows, dimension] = axes.map(Number)
  if (axes.length !== 2 || rows === undefined || dimension === undefined) {
    throw new OmenError('unsupported', `${path} has ${axes.length} axes; a set of vectors has 2`)
  }
  if (!Number.isSafeInteger(rows * dimension) || rows < 0 || dimension < 0)
    throw malformed(path, 'has a broken shape')
  return { type, shape: [rows, dimension] }
}
