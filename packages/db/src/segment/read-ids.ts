import { OmenError, type StorageBackend } from '@omen/core'
import { openSectionRegion } from '@omen/core/file'
import { sectionBytes, wordsOf } from '../payload/load.ts'
import { ID_BYTES, ID_ENDS } from './id-table.ts'
import { SealedIds } from './sealed-ids.ts'
import type { SegmentFiles } from './segment-files.ts'

/**
 * Reads the ids of a segment whose file of rows is damaged.
 *
 * @returns the id of each row; undefined when the damage lies in them, or the file is gone
 * @throws OmenError `io`
 */
export async function readIds(
  storage: StorageBackend,
  { rowsFile, rows }: SegmentFiles,
): Promise<string[] | undefined> {
  try {
    const region = await storage.read(rowsFile.name)
    try {
      const image = await openSectionRegion(region, rowsFile.name)
      const bytes = await sectionBytes(image, ID_BYTES, { verify: true })
      const ends = wordsOf(image, ID_ENDS, await sectionBytes(image, ID_ENDS, { verify: true }), rows * 2)
      const ids = new SealedIds(bytes, ends, new Uint32Array())
      return Array.from({ length: rows }, (_, row) => ids.idOf(row) ?? '')
    } finally {
      await region.close()
    }
  } catch (error) {
    if (error instanceof OmenError && (error.code === 'corrupt_index' || error.code === 'not_found'))
      return undefined
    throw error
  }
}
