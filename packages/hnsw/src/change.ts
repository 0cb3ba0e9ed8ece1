import { CHUNK_ROWS, elementsPerVector, OmenError, type Vectors } from '@omen/core'
import type { AddRun } from './add-run.ts'
import { compact } from './compact.ts'
import type { Run } from './engine.ts'
import { type Parts, storedCodes } from './parts.ts'

/** Of the rows that take space, the share that may be tombstones before they are compacted away. */
const MAX_REMOVED_SHARE = 0.2

/**
 * Encodes vectors into rows that nobody sees yet.
 *
 * @returns the row of each vector
 * @throws OmenError for a vector that is refused, `full`, `aborted`, `closed`: then no row is taken
 */
export async function encodeRows(
  { graph, codes, exact }: Parts,
  vectors: Vectors,
  count: number,
  run: AddRun,
): Promise<Uint32Array> {
  const needed = graph.rowsWith(count)
  const stored = storedCodes({ codes, exact })
  for (const { slab } of stored) slab.ensure(needed)
  const rows = await graph.allocate(count)
  const elements = elementsPerVector(codes.codec.shape)
  try {
    for (let from = 0; from < count; from += CHUNK_ROWS) {
      const to = Math.min(from + CHUNK_ROWS, count)
      const piece = vectors.subarray(from * elements, to * elements)
      for (const each of stored) {
        await each.encode(piece, rows.subarray(from, to), run, from)
      }
      run.check()
    }
  } catch (error) {
    await graph.release(rows)
    throw error
  }
  return rows
}

/**
 * Links rows whose codes are in place.
 *
 * @param rollback whether to take out again what was linked before a failure
 * @throws OmenError `aborted`, `closed`, or what `onProgress` threw: then no row is linked
 */
export async function linkRows(
  parts: Parts,
  rows: Uint32Array,
  run: AddRun,
  rollback: (linked: Uint32Array, rest: Uint32Array) => Promise<void>,
): Promise<void> {
  parts.graph.enliven(rows)
  const linked = await parts.engine.insert(rows, run)
  if (linked === rows.length && !run.stopped()) return
  await rollback(rows.subarray(0, linked), rows.subarray(linked))
  run.check()
}

/** Takes rows out again as if they had never been added. */
export async function takeBack(
  parts: Parts,
  linked: Uint32Array,
  rest: Uint32Array,
  run: Run,
  searchesEnded: () => Promise<void>,
): Promise<void> {
  const { graph, engine } = parts
  for (const row of linked) graph.bury(row)
  graph.hide(rest)
  if (await compact(graph, engine, run, searchesEnded)) await graph.release(rest)
}

/**
 * Marks rows as removed.
 *
 * @returns how many were there
 * @throws OmenError `unknown_row`: then none was removed
 */
export function buryRows(parts: Parts | undefined, rows: Uint32Array | readonly number[]): number {
  const given = parts?.graph.rows ?? 0
  for (const row of rows) {
    if (!(Number.isInteger(row) && row >= 0 && row < given)) {
      throw new OmenError('unknown_row', `row ${String(row)} was never given out: there are ${given}`)
    }
  }
  let count = 0
  for (const row of rows) if (parts?.graph.bury(row)) count++
  return count
}

/** Whether so many rows are tombstones that they slow searches down. */
export function needsCompaction({ graph }: Parts): boolean {
  return graph.removed > MAX_REMOVED_SHARE * (graph.removed + graph.alive)
}
