import { Bitset, corruptImage, type StorageBackend, storedSection } from '@omen/core'
import { openSectionRegion, sectionFileParts } from '@omen/core/file'
import type { StoredDeletions } from './manifest.ts'

const KIND = 'deletions/1'

/** What the file of a segment's deletions is called. */
export function deletionsName(segment: number, version: number): string {
  return `s${segment}.deleted-${version}`
}

/**
 * Writes which rows of a segment are deleted, to a file of its own.
 *
 * @param live rows that there are: borrowed until the promise settles
 * @throws OmenError `disk_full`, `io`: then it is absent
 */
export async function writeDeletions(
  storage: StorageBackend,
  segment: number,
  version: number,
  live: Bitset,
): Promise<StoredDeletions> {
  const file = deletionsName(segment, version)
  const deleted = live.clone().not()
  const words = deleted.words.subarray(0, Math.ceil(deleted.length / 32))
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  const section = { name: 'deleted', sizeBytes: bytes.length, parts: () => [bytes] }
  const { parts } = await sectionFileParts({ kind: KIND, segment, rows: deleted.length }, [section])
  await storage.writeOnce(file, parts)
  return { file, version, deleted: deleted.count() }
}

/**
 * Reads which rows of a segment are there.
 *
 * @param rows of the segment
 * @throws OmenError `corrupt_index` for damage, or for the deletions of another segment; `not_found`, `io`
 */
export async function readLive(
  storage: StorageBackend,
  segment: number,
  rows: number,
  stored: StoredDeletions,
): Promise<Bitset> {
  const region = await storage.read(stored.file)
  try {
    const image = await openSectionRegion(region, stored.file)
    const { metadata } = image
    if (metadata.kind !== KIND || metadata.segment !== segment || metadata.rows !== rows) {
      throw corruptImage(image, `it does not hold the deletions of the ${rows} rows of segment ${segment}`)
    }
    const words = new Uint32Array(Math.ceil(rows / 32))
    await storedSection(image, 'deleted', words.byteLength).readInto([
      new Uint8Array(words.buffer, 0, words.byteLength),
    ])
    const live = Bitset.fromWords(words, rows).not()
    if (live.count() !== rows - stored.deleted) {
      throw corruptImage(image, `it does not have the ${stored.deleted} deletions that the manifest says`)
    }
    return live
  } finally {
    await region.close()
  }
}
