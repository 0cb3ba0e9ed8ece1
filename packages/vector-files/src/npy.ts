import { OmenError } from '@omen/core'
import { type Component, malformed, readAt } from './bytes.ts'
import { checkBody, type MatrixFile, openRows, type RowLayout } from './matrix-file.ts'

const MAGIC = '\x93NUMPY'
const TYPES: Readonly<Record<string, Component>> = {
  '<f4': 'f32',
  '|u1': 'u8',
  '|i1': 'i8',
  '<i4': 'i32',
  '<u4': 'u32',
}
/** Magic, version, and the longer of the two lengths. */
const PRELUDE_BYTES = 12

/**
 * Opens a two-dimensional array in NumPy's format (versions 1 to 3), in row-major order.
 *
 * @throws OmenError `not_found`, `io`, `unsupported` for other types, orders or numbers of axes, `corrupt_dataset`
 */
export function openNpy(path: string): MatrixFile {
  return openRows(path, (file, sizeBytes) => layoutOf(path, file, sizeBytes))
}

function layoutOf(path: string, file: number, sizeBytes: number): RowLayout {
  const prelude = readAt(path, file, 0, Math.min(sizeBytes, PRELUDE_BYTES))
  if (prelude.length < PRELUDE_BYTES || latin1(prelude.subarray(0, 6)) !== MAGIC)
    throw malformed(path, 'does not begin like a NumPy file')
  const version = prelude[6] ?? 0
  if (version < 1 || version > 3)
    throw new OmenError('unsupported', `${path} is of version ${version} of the format`)
  const lengthBytes = version === 1 ? 2 : 4
  const view = new DataView(prelude.buffer)
  const headerBytes = lengthBytes === 2 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = 8 + lengthBytes + headerBytes
  if (start > sizeBytes) throw malformed(path, 'ends inside its header')
  const { component, shape } = parseHeader(path, latin1(readAt(path, file, 8 + lengthBytes, headerBytes)))
  const [rows, dimension] = shape
  const layout = { rows, dimension, component, start, headerBytes: 0 }
  checkBody(path, sizeBytes - start, layout)
  return layout
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function parseHeader(path: string, header: string): { component: Component; shape: [number, number] } {
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1]
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1]
  if (descr === undefined || order === undefined || shape === undefined)
    throw malformed(path, 'has a broken header')
  const component = TYPES[descr]
  if (!component) {
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
  return { component, shape: [rows, dimension] }
}
