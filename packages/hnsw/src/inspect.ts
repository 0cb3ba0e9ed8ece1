import { NO_ROW, Turns } from '@omen/core'
import { FREE, type Graph } from './graph.ts'

/** What a graph looks like. */
export interface Inspection {
  /** Linked rows whose highest layer is 0, 1, …; tombstones count. */
  readonly levels: readonly number[]
  /** Rows that are not linked, but hang on a row of the same codes, by which they are found; tombstones count. */
  readonly chained: number
  /** Neighbours of a linked row on the base layer. */
  readonly degree: { readonly least: number; readonly mean: number; readonly most: number }
  /** Rows, tombstones among them, that a walk of the base layer from the entry does not meet, nor rows they hang on: always 0. */
  readonly unreachable: number
}

/** Rows looked at before the clock is. */
const ROWS_PER_CHECK = 256

/**
 * Walks a whole graph, the event loop having its turns.
 *
 * @param check called after each turn; what it throws ends the walk
 */
export async function inspect(graph: Graph | undefined, check: () => void): Promise<Inspection> {
  const levels: number[] = []
  let rows = 0
  let chained = 0
  let links = 0
  let least = Infinity
  let most = 0
  const turns = new Turns()
  for (let row = 0; graph && row < graph.rows; row++) {
    if (row % ROWS_PER_CHECK === 0 && turns.due) {
      await turns.take()
      check()
    }
    if (graph.stateOf(row) === FREE) continue
    rows++
    if (!graph.isLinked(row)) {
      chained++
      continue
    }
    const level = graph.level(row)
    while (levels.length <= level) levels.push(0)
    levels[level]!++
    const degree = graph.degree(row, 0)
    links += degree
    least = Math.min(least, degree)
    most = Math.max(most, degree)
  }
  const reached = graph ? await countReached(graph, check) : 0
  return {
    levels,
    chained,
    degree: rows === 0 ? { least: 0, mean: 0, most: 0 } : { least, mean: links / (rows - chained), most },
    unreachable: rows - reached,
  }
}

async function countReached(graph: Graph, check: () => void): Promise<number> {
  if (graph.entry === NO_ROW) return 0
  const seen = new Uint8Array(graph.rows)
  const open: number[] = [graph.entry]
  seen[graph.entry] = 1
  let reached = 0
  let steps = 0
  const turns = new Turns()
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    reached++
    if (++steps % ROWS_PER_CHECK === 0 && turns.due) {
      await turns.take()
      check()
    }
    const words = graph.words(row, 0)
    const start = graph.start(row, 0)
    for (let i = start; i < start + graph.degree(row, 0); i++) {
      const next = words[i]!
      if (seen[next] === 1) continue
      seen[next] = 1
      open.push(next)
    }
    for (let twin = graph.twinOf(row); twin !== NO_ROW; twin = graph.twinOf(twin)) reached++
  }
  return reached
}
