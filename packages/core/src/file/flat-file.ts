import { FlatIndex, type FlatOpenOptions } from '../flat.ts'
import { openSectionFile } from './read.ts'
import { type WriteOptions, writeSectionFile } from './write.ts'

/**
 * Saves a flat index to a file, atomically; changes to the index wait meanwhile and searches run on.
 *
 * @throws OmenError as `writeSectionFile`; `closed`
 */
export function saveFlat(index: FlatIndex, path: string, options: WriteOptions = {}): Promise<void> {
  return index.save(({ metadata, sections }) => writeSectionFile(path, metadata, sections, options))
}

/**
 * Opens a flat index that `saveFlat` wrote. All of it is read and checked; the file is closed again.
 *
 * @throws OmenError `corrupt_index` naming file and byte, `unknown_quantizer`, `unsupported`, `not_found`, `io`
 */
export async function openFlat(path: string, options: FlatOpenOptions = {}): Promise<FlatIndex> {
  const file = await openSectionFile(path)
  try {
    return await FlatIndex.open(file, options)
  } finally {
    await file.close()
  }
}
