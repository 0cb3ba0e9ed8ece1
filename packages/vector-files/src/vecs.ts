import { OmenError } from '@omen/core'
import { type Component, componentBytes, malformed, readAt } from './bytes.ts'
import { type MatrixFile, openRows, type RowLayout } from './matrix-file.ts'

const COMPONENTS: Readonly<Record<string, Component>> = { '.fvecs': 'f32', '.bvecs': 'u8', '.ivecs': 'i32' }
const MAX_DIMENSION = 65_536
/** Each row begins with its dimension (i32). */
export const ROW_HEADER_BYTES = 4

/**
 * Opens the TEXMEX formats: every row is its dimension (i32) and then its components (f32 in `.fvecs`, u8 in
 * `.bvecs`, i32 in `.ivecs`).
 *
 * @throws OmenError `not_found`, `io`, `unsupported` for another extension, `corrupt_dataset`
 */
export function openVecs(path: string): MatrixFile {
  const component = vecsComponent(path)
  return openRows(path, (file, sizeBytes) => layoutOf(path, component, file, sizeBytes))
}

function layoutOf(path: string, component: Component, file: number, sizeBytes: number): RowLayout {
  const layout = { component, start: 0, headerBytes: ROW_HEADER_BYTES }
  if (sizeBytes === 0) return { ...layout, rows: 0, dimension: 0 }
  const dimension =
    sizeBytes < ROW_HEADER_BYTES
      ? 0
      : dimensionIn(new DataView(readAt(path, file, 0, ROW_HEADER_BYTES).buffer))
  if (dimension < 1 || dimension > MAX_DIMENSION)
    throw malformed(path, `begins with the dimension ${dimension}`)
  const stride = ROW_HEADER_BYTES + dimension * componentBytes(component)
  if (sizeBytes % stride !== 0) {
    throw malformed(path, `has ${sizeBytes} bytes, no whole number of rows of ${stride} bytes`)
  }
  return {
    ...layout,
    rows: sizeBytes / stride,
    dimension,
    checkHeader(header, row) {
      const found = dimensionIn(header)
      if (found !== dimension)
        throw malformed(path, `has dimension ${found} in row ${row} and ${dimension} before`)
    },
  }
}

const dimensionIn = (header: DataView): number => header.getInt32(0, true)

function vecsComponent(path: string): Component {
  const component = COMPONENTS[path.slice(path.lastIndexOf('.'))]
  if (!component)
    throw new OmenError('unsupported', `${path} is none of ${Object.keys(COMPONENTS).join(', ')}`)
  return component
}
