import { type Accelerator, Bitset, NO_ROW, type StorageBackend } from '@omen/core'
import { Hnsw, type MergePlan, type PlanSource, planMerge } from '@omen/hnsw'
import { accelerator as nativeAccelerator } from '@omen/native'
import type { CheckedSchema } from '@omen/schema/check'
import { GRAPH_VECTORS, type LinkOptions, newGraph, VECTORS_PER_BATCH } from './active-field.ts'
import type { FieldVectors } from './field-vectors.ts'
import { idSections } from './id-table.ts'
import { MergedRows, type MergedVectors, type MergeSource } from './merged-rows.ts'
import { keepOf, quantizerOf } from './quantizers.ts'
import type { SealedSegment } from './sealed-segment.ts'
import { type FieldContents, type SegmentFiles, writeSegment } from './segment-files.ts'
import { VectorBlock } from './vector-block.ts'

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

/** A graph keeps its codes as long as a merge gives it at most so many times its rows; else its quantizers learn anew. */
const MAX_GROWTH = 2

/**
 * Writes the rows of segments that exist into one new segment, in the background. Deleted rows are gone from its files.
 * Where every row has a vector the largest graph is built upon, as `planMerge` of @omen/hnsw says, unless the schema wants
 * another one by now; else vectors are linked anew. `mapping` says which numbers rows got.
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
  const segments = sources.map(({ segment }) => segment)
  for (const segment of segments) segment.retain()
  const graphs: Hnsw[] = []
  try {
    // Damage must not be copied under a checksum of its own.
    for (const segment of segments) await segment.verified
    const rowSources = sources.map(({ segment, live }) => ({
      rows: segment.rows,
      live: Bitset.fromWords(live.words, segment.rows),
      usable: canBeBase(segment, schema),
    }))
    const plan = planMerge(rowSources)
    const merged = new MergedRows(segments, plan)
    const columns = [...schema.vectors].map(([name, field]) => ({
      name,
      vectors: merged.vectors(name, field),
    }))
    const progress = progressOf(columns, options)
    const fields = new Map<string, FieldContents>()
    for (const { name, vectors } of columns) {
      const graph = wantsGraph(vectors, options.graphFrom)
        ? ((await grownGraph(name, vectors, segments, rowSources, plan, options, progress)) ??
          (await newlyLinked(vectors, options, progress)))
        : undefined
      if (graph) graphs.push(graph)
      fields.set(name, contentsOf(vectors, graph))
    }
    const ids = await idSections(
      plan.rows,
      (row) => merged.idOf(row),
      () => true,
    )
    const columnsOfRows = { versions: merged.versions(), expiry: merged.expiry() }
    const contents = { id, rows: plan.rows, ids, payload: merged, fields, ...columnsOfRows }
    return { files: await writeSegment(storage, schema, contents, options), mapping: plan.mapping }
  } finally {
    for (const graph of graphs) await graph.close()
    for (const segment of segments) segment.release()
  }
}

/** Whether the graphs of a segment can be built upon: those that it has are as the schema wants them. */
function canBeBase({ fields }: SealedSegment, { vectors }: CheckedSchema): boolean {
  let graphs = 0
  for (const [name, { m, quantizer, index }] of vectors) {
    const stats = fields.get(name)?.graph?.stats()
    if (!stats || index === 'flat') continue
    if (stats.m !== m || stats.quantizer !== quantizer.name) return false
    graphs++
  }
  return graphs > 0
}

/** The base's graph with all other rows linked into it; undefined where it has none, or slots are not rows. */
async function grownGraph(
  name: string,
  { slots, field }: MergedVectors,
  segments: readonly SealedSegment[],
  rowSources: readonly PlanSource[],
  plan: MergePlan,
  { threads, signal }: MergeSegmentsOptions,
  progress: (linked: number) => void,
): Promise<Hnsw | undefined> {
  const base = plan.base === undefined ? undefined : segments[plan.base]?.fields.get(name)
  const dense = slots === undefined && base?.vectors.slots.list === undefined
  if (!base?.graph || !dense) return undefined
  const { graph, vectors } = base
  let told = 0
  const block = new VectorBlock(field.dimension)
  const { index } = await Hnsw.merge({
    sources: rowSources.map(({ rows, live }, i) => ({
      rows,
      live,
      ...(i === plan.base ? { index: graph } : {}),
    })),
    plan,
    background: true,
    vectors: (source, rows) => vectorsOf(segments[source]?.fields.get(name)?.vectors, rows, block),
    ...(plan.rows > MAX_GROWTH * vectors.count
      ? { quantizer: quantizerOf(field.quantizer), keep: keepOf(field.keep) }
      : {}),
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
    onProgress: ({ done }) => {
      progress(done - told)
      told = done
    },
  })
  return index
}

/** @returns borrowed until the block is used again */
function vectorsOf(vectors: FieldVectors | undefined, rows: Uint32Array, block: VectorBlock): Float32Array {
  const found = block.of(rows.length)
  const bytes = new Uint8Array(found.buffer)
  const size = block.dimension * Float32Array.BYTES_PER_ELEMENT
  for (let i = 0; i < rows.length; i++) {
    const slot = vectors?.slots.slotOf(rows[i] as number) ?? NO_ROW
    if (vectors && slot !== NO_ROW) bytes.set(vectors.slab.row(slot).subarray(0, size), i * size)
    else bytes.fill(0, i * size, (i + 1) * size)
  }
  return found
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

/** A graph of merged vectors from nothing. */
async function newlyLinked(
  vectors: MergedVectors,
  { threads, signal, accelerator = nativeAccelerator() ?? null }: MergeSegmentsOptions,
  progress: (linked: number) => void,
): Promise<Hnsw> {
  const graph = newGraph(vectors.field, vectors, accelerator ?? undefined)
  const block = new VectorBlock(vectors.field.dimension)
  try {
    for (let from = 0; from < vectors.count; from += VECTORS_PER_BATCH) {
      const to = Math.min(from + VECTORS_PER_BATCH, vectors.count)
      await graph.add(vectors.read(from, to, block), {
        background: true,
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
