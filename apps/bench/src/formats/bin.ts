import { OmenError } from '@omen/core'
import { type Component, componentBytes, type Matrix, malformed, readBytes, view } from './bytes.ts'

const COMPONENTS: Readonly<Record<string, Component>> = {
  '.fbin': 'f32',
  '.u8bin': 'u8',
  '.i8bin': 'i8',
  '.ibin': 'i32',
}
const HEADER_BYTES = 8

/**
 * Reads the formats of big-ann-benchmarks: the number of rows (u32), their dimension (u32), then the components
 * (f32 in `.fbin`, u8 in `.u8bin`, i8 in `.i8bin`, i32 in `.ibin`).
 *
 * @throws OmenError `not_found`, `io`, `unsupported` for another extension, `corrupt_dataset`
 */
export function readBin(path: string): Matrix {
  const component = COMPONENTS[path.slice(path.lastIndexOf('.'))]
  if (!component)
    throw new OmenError('unsupported', `${path} is none of ${Object.keys(COMPONENTS).join(', ')}`)
  const bytes = readBytes(path)
  if (bytes.length < HEADER_BYTES) throw malformed(path, `has ${bytes.length} bytes, too few for its header`)
  const header = new DataView(bytes.buffer)
  const rows = header.getUint32(0, true)
  const dimension = header.getUint32(4, true)
  const expected = HEADER_BYTES + rows * dimension * componentBytes(component)
  if (bytes.length !== expected) {
    throw malformed(
      path,
      `has ${bytes.length} bytes where ${rows} rows of dimension ${dimension} take ${expected}`,
    )
  }
  return { rows, dimension, values: view(component, bytes.subarray(HEADER_BYTES)) }
}
