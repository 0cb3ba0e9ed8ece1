import { OmenError } from '@omen/core'
import { openBin } from './bin.ts'
import type { Matrix } from './bytes.ts'
import { type MatrixFile, readAll } from './matrix-file.ts'
import { openNpy } from './npy.ts'
import { openVecs } from './vecs.ts'

const READERS: readonly { extensions: readonly string[]; open: (path: string) => MatrixFile }[] = [
  { extensions: ['.fvecs', '.bvecs', '.ivecs'], open: openVecs },
  { extensions: ['.fbin', '.u8bin', '.i8bin', '.ibin'], open: openBin },
  { extensions: ['.npy'], open: openNpy },
]

/** Extensions of the files that `openMatrix` reads. */
export const MATRIX_EXTENSIONS: readonly string[] = READERS.flatMap(({ extensions }) => extensions)

/**
 * Opens a file of vectors or of row numbers; its extension says how it is read.
 *
 * @throws OmenError `unsupported` for an unknown extension; `not_found`, `io`, `corrupt_dataset`
 */
export function openMatrix(path: string): MatrixFile {
  const reader = READERS.find(({ extensions }) => extensions.some((extension) => path.endsWith(extension)))
  if (reader) return reader.open(path)
  throw new OmenError('unsupported', `${path} is of no known format: ${MATRIX_EXTENSIONS.join(', ')}`)
}

/** The whole of a file that `openMatrix` opens. */
export function readMatrix(path: string): Matrix {
  return readAll(openMatrix(path))
}
