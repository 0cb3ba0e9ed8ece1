import { type Codec, type IndexImage, OmenError, Slab, storedSection } from '@omen/core'
import { bytesOfSlabRow, CHAINED_ROWS, SLABS, type SlabName, UPPER_BLOCKS } from './graph.ts'
import type { GivenParts } from './parts.ts'

/**
 * The slabs of a saved index where they lie, as far as it is mapped: checked against their checksums, and borrowed.
 *
 * @param head that of the graph
 * @throws OmenError `corrupt_index`, `io`, `closed`
 */
export async function slabsInPlace(
  image: IndexImage,
  rows: number,
  head: Uint32Array,
  m: number,
  codec: Codec,
  exactCodec: Codec | undefined,
): Promise<GivenParts> {
  const given: Partial<Record<SlabName | 'codes' | 'exact', Slab>> = {}
  const place = async (name: keyof GivenParts, bytesPerRow: number, count: number): Promise<void> => {
    const section = storedSection(image, name, count * bytesPerRow)
    // Words are read as such, so they must begin at a multiple of 4.
    if (!section.mapped || section.mapped.byteOffset % 4 !== 0) return
    await section.verify()
    given[name] = Slab.over(bytesPerRow, section.mapped)
  }
  const chained = head[CHAINED_ROWS] !== 0
  await Promise.all([
    place('codes', codec.bytesPerRow, rows),
    exactCodec && place('exact', exactCodec.bytesPerRow, rows),
    ...SLABS.filter((name) => name !== 'twins' || chained).map((name) =>
      place(name, bytesOfSlabRow(name, m), name === 'upper' ? (head[UPPER_BLOCKS] as number) : rows),
    ),
  ])
  return given
}

/** The error for a change of an index that was opened to be read. */
export function readOnlyError(): OmenError {
  return new OmenError(
    'read_only',
    'it was opened read-only: open it without `readOnly` to change it, or merge it into a new index',
  )
}
