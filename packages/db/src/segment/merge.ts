import type { Accelerator, StorageBackend } from '@omen/core'
import type { Hnsw } from '@omen/hnsw'
import { accelerator as nativeAccelerator } from '@omen/native'
import type { CheckedSchema } from '../schema/check-schema.ts'
import { GRAPH_VECTORS, type LinkOptions, newGraph, VECTORS_PER_BATCH } from './active-field.ts'
import { idSections } from './id-table.ts'
import { MergedRows, type MergedVectors, type MergeSource } from './merged-rows.ts'
import { type FieldContents, type SegmentFiles, writeSegment } from './segment-files.ts'

export interface MergeSegmentsOptions extends LinkOptions {
  /** Makes it faster: that of `@omen/native` when left out, none for `null`. */
  readonly accelerator?: Accelerator | null
  /** Vectors that a field must have for a graph, as in `ActiveSegmentOptions`. */
  readonly graphFrom?: number
  /** Told of vectors linked into graphs, of all fields together. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

export interface MergedSegment {
  readonly files: SegmentFiles
  /** Of each source the new number of each row, or `NO_ROW` for those that did not exist. */
  readonly mapping: readonly Uint32Array[]
}

/**
 * Writes the rows of segments that exist into one new segment, in the background: in the order of the sources, then of their
 * rows. Deleted rows are gone from its files. Quantizers are trained anew, and graphs are as the schema says now.
 *
 * Beside the graphs it holds the rows' ids and numbers in memory; vectors and payload are read where they lie.
 *
 * @param sources held until the promise settles; rows deleted meanwhile are for the caller to delete in the new segment too
 * @throws OmenError `already_exists`, `disk_full`, `io`, `aborted`, `closed`: then no file is left; `corrupt_segment` for a
 * source whose vectors or payload are damaged
 */
export async function mergeSegments(
  sources: readonly MergeSource[],
  schema: CheckedSchema,
  storage: StorageBackend,
  id: number,
  options: MergeSegmentsOptions = {},
): Promise<MergedSegment> {
  for (const { segment } of sources) segment.retain()
  const graphs: Hnsw[] = []
  try {
    // Damage must not be copied under a checksum of its own.
    for (const { segment } of sources) await segment.verified
    const merged = new MergedRows(sources)
    const fields = new Map<string, FieldContents>()
    const columns = [...schema.vectors].map(([name, field]) => ({
      name,
      vectors: merged.vectors(name, field),
    }))
    const progress = progressOf(columns, options)
    for (const { name, vectors } of columns) {
      const graph = await linkAll(vectors, options, progress)
      if (graph) graphs.push(graph)
      fields.set(name, contentsOf(vectors, graph))
    }
    const { rows, mapping } = merged
    const ids = await idSections(
      rows,
      (row) => merged.idOf(row),
      () => true,
    )
    const versions = merged.versions()
    const contents = { id, rows, ids, versions, expiry: merged.expiry(), payload: merged, fields }
    return { files: await writeSegment(storage, schema, contents, options), mapping }
  } finally {
    for (const graph of graphs) await graph.close()
    for (const { segment } of sources) segment.release()
  }
}

function contentsOf(vectors: MergedVectors, graph: Hnsw | undefined): FieldContents {
  const { field, count, bytesPerRow, slots } = vectors
  const { dimension, metric } = field
  return { dimension, metric, vectors: count, bytesPerRow, slots, parts: () => vectors.parts(), graph }
}

/** Counts the vectors of all fields together. */
function progressOf(
  columns: readonly { readonly vectors: MergedVectors }[],
  { onProgress, graphFrom }: MergeSegmentsOptions,
): (linked: number) => void {
  const total = columns.reduce(
    (sum, { vectors }) => sum + (wantsGraph(vectors, graphFrom) ? vectors.count : 0),
    0,
  )
  let done = 0
  return (linked) => {
    done += linked
    onProgress?.({ done, total })
  }
}

function wantsGraph({ field, count }: MergedVectors, graphFrom: number = GRAPH_VECTORS): boolean {
  return field.index === 'hnsw' && count >= graphFrom
}

/** The graph of merged vectors; undefined where they are better scanned. */
async function linkAll(
  vectors: MergedVectors,
  { threads, signal, graphFrom, accelerator = nativeAccelerator() ?? null }: MergeSegmentsOptions,
  progress: (linked: number) => void,
): Promise<Hnsw | undefined> {
  if (!wantsGraph(vectors, graphFrom)) return undefined
  const graph = newGraph(vectors.field, vectors, accelerator ?? undefined)
  try {
    for (let from = 0; from < vectors.count; from += VECTORS_PER_BATCH) {
      const to = Math.min(from + VECTORS_PER_BATCH, vectors.count)
      await graph.add(vectors.read(from, to), {
        ...(threads === undefined ? {} : { threads }),
        ...(signal ? { signal } : {}),
      })
      progress(to - from)
    }
    return graph
  } catch (error) {
    await graph.close()
    throw error
  }
}
