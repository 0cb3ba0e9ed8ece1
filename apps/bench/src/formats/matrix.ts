import { OmenError } from '@omen/core'
import { readBin } from './bin.ts'
import type { Matrix } from './bytes.ts'
import { readNpy } from './npy.ts'
import { readVecs } from './vecs.ts'

const READERS: readonly { extensions: readonly string[]; read: (path: string) => Matrix }[] = [
  { extensions: ['.fvecs', '.bvecs', '.ivecs'], read: readVecs },
  { extensions: ['.fbin', '.u8bin', '.i8bin', '.ibin'], read: readBin },
  { extensions: ['.npy'], read: readNpy },
]

/**
 * Reads a file of vectors or of row numbers; its extension says how.
 *
 * @throws OmenError `unsupported` for an unknown extension, and what the readers throw
 */
export function readMatrix(path: string): Matrix {
  const reader = READERS.find(({ extensions }) => extensions.some((extension) => path.endsWith(extension)))
  if (!reader) {
    const known = READERS.flatMap(({ extensions }) => extensions).join(', ')
    throw new OmenError('unsupported', `${path} is of no known format: ${known}`)
  }
  return reader.read(path)
}
