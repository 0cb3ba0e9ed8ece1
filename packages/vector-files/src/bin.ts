import { OmenError } from '@omen/core'
import { type Component, malformed, readAt } from './bytes.ts'
import { checkBody, type MatrixFile, openRows } from './matrix-file.ts'

const COMPONENTS: Readonly<Record<string, Component>> = {
  '.fbin': 'f32',
  '.u8bin': 'u8',
  '.i8bin': 'i8',
  '.ibin': 'i32',
}
const HEADER_BYTES = 8

/**
 * Opens the formats of big-ann-benchmarks: the number of rows (u32), their dimension (u32), then the components
 * (f32 in `.fbin`, u8 in `.u8bin`, i8 in `.i8bin`, i32 in `.ibin`).
 *
 * @throws OmenError `not_found`, `io`, `unsupported` for another extension, `corrupt_dataset`
 */
export function openBin(path: string): MatrixFile {
  const component = COMPONENTS[path.slice(path.lastIndexOf('.'))]
  if (!component)
    throw new OmenError('unsupported', `${path} is none of ${Object.keys(COMPONENTS).join(', ')}`)
  return openRows(path, (file, sizeBytes) => {
    if (sizeBytes < HEADER_BYTES) throw malformed(path, `has ${sizeBytes} bytes, too few for its header`)
    const header = new DataView(readAt(path, file, 0, HEADER_BYTES).buffer)
    const rows = header.getUint32(0, true)
    const dimension = header.getUint32(4, true)
    const layout = { rows, dimension, component, start: HEADER_BYTES, headerBytes: 0 }
    checkBody(path, sizeBytes - HEADER_BYTES, layout)
    return layout
  })
}
