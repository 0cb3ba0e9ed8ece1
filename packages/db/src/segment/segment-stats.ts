import type { SearchableField } from './field-search.ts'
import type { SegmentStats } from './segment.ts'

/** Adds up what a segment's fields and its other parts hold. */
export function segmentStats(
  rows: number,
  fields: ReadonlyMap<string, SearchableField>,
  parts: Readonly<Record<string, number>>,
): SegmentStats {
  const bytes: Record<string, number> = { ...parts, vectors: 0, graphs: 0 }
  const facts = new Map<string, { vectors: number; linked: number }>()
  for (const [name, { vectors, graph, linked }] of fields) {
    bytes.vectors = (bytes.vectors ?? 0) + vectors.bytes
    bytes.graphs = (bytes.graphs ?? 0) + (graph?.stats().bytes.total ?? 0)
    facts.set(name, { vectors: vectors.slots.count, linked })
  }
  const total = Object.values(bytes).reduce((sum, each) => sum + each, 0)
  return { rows, fields: facts, bytes: { total, ...bytes } }
}
