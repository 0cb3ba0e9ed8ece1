import type { Bitset, StorageBackend } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import type { LinkOptions } from './active-field.ts'
import type { ActiveSegment } from './active-segment.ts'
import { idSections } from './id-table.ts'
import { type FieldContents, type SegmentFiles, writeSegment } from './segment-files.ts'

export interface SealOptions extends LinkOptions {
  readonly unlinked?: boolean
}

/**
 * Writes a segment that grows no more to files, under its own number. Rows keep their numbers. Searches go on meanwhile.
 *
 * @param active held until the promise settles; nothing may be appended to it any more
 * @param live rows that exist: of the others no file knows by their ids
 * @param options.unlinked whether a field of which vectors wait to be linked is written without its graph; else they are
 * linked first
 * @throws OmenError `already_exists`, `disk_full`, `io`, `aborted`, `closed`: then no file is left
 */
export async function seal(
  active: ActiveSegment,
  live: Bitset,
  schema: CheckedSchema,
  storage: StorageBackend,
  options: SealOptions = {},
): Promise<SegmentFiles> {
  active.retain()
  try {
    if (!options.unlinked) await active.link(Number.POSITIVE_INFINITY, options)
    const { id, rows, payload } = active
    const fields = new Map<string, FieldContents>()
    for (const [name, { vectors, graph, pending }] of active.fields) {
      const { slab, slots, shape } = vectors
      fields.set(name, {
        ...shape,
        vectors: slots.count,
        bytesPerRow: slab.bytesPerRow,
        slots: slots.list,
        parts: () => slab.parts(slots.count),
        graph: pending === 0 ? graph : undefined,
      })
    }
    const ids = await idSections(
      rows,
      (row) => active.idOf(row),
      (row) => live.has(row),
    )
    return await writeSegment(storage, schema, { id, rows, ids, payload, fields, ...active.columns }, options)
  } finally {
    active.release()
  }
}
