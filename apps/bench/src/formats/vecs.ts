import { OmenError } from '@omen/core'
import { type Component, componentBytes, type Matrix, malformed, readBytes, view } from './bytes.ts'

const COMPONENTS: Readonly<Record<string, Component>> = { '.fvecs': 'f32', '.bvecs': 'u8', '.ivecs': 'i32' }
const MAX_DIMENSION = 65_536

/**
 * Reads the TEXMEX formats: every row is its dimension (i32) and then its components (f32 in `.fvecs`, u8 in
 * `.bvecs`, i32 in `.ivecs`).
 *
 * @throws OmenError `not_found`, `io`, `unsupported` for another extension, `corrupt_dataset`
 */
export function readVecs(path: string): Matrix {
  const component = vecsComponent(path)
  const bytes = readBytes(path)
  if (bytes.length === 0) return { rows: 0, dimension: 0, values: view(component, bytes) }
  const header = new DataView(bytes.buffer)
  const dimension = bytes.length < 4 ? 0 : header.getInt32(0, true)
  if (dimension < 1 || dimension > MAX_DIMENSION)
    throw malformed(path, `begins with the dimension ${dimension}`)
  const rowBytes = dimension * componentBytes(component)
  const stride = 4 + rowBytes
  if (bytes.length % stride !== 0) {
    throw malformed(path, `has ${bytes.length} bytes, no whole number of rows of ${stride} bytes`)
  }
  const rows = bytes.length / stride
  // The headers are squeezed out in place: a copy of the file would double the memory of the largest ones.
  for (let row = 0; row < rows; row++) {
    const found = header.getInt32(row * stride, true)
    if (found !== dimension)
      throw malformed(path, `has dimension ${found} in row ${row} and ${dimension} before`)
    bytes.copyWithin(row * rowBytes, row * stride + 4, (row + 1) * stride)
  }
  return { rows, dimension, values: view(component, bytes.subarray(0, rows * rowBytes)) }
}

function vecsComponent(path: string): Component {
  const component = COMPONENTS[path.slice(path.lastIndexOf('.'))]
  if (!component)
    throw new OmenError('unsupported', `${path} is none of ${Object.keys(COMPONENTS).join(', ')}`)
  return component
}
