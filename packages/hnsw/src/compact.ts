import { NO_ROW, Turns } from '@omen/core'
import { repairAnchors } from './anchors.ts'
import type { Engine, Run } from './engine.ts'
import { ALIVE, ENTRY, FREE, type Graph, REMOVED, ROOT } from './graph.ts'
import { linksToRemoved } from './relink.ts'
import { settleTwins } from './twins.ts'

/** Rows looked at before the clock is. */
const ROWS_PER_CHECK = 256

/**
 * Takes the removed rows out of a graph: their children in the anchor tree are adopted, rows that link to them get new
 * neighbours, and their numbers can be used again.
 *
 * Searches may run meanwhile; until the new links are in place they may miss a row that they would have found.
 *
 * @param searchesEnded resolves when every search that began before the call has ended: such a search may still walk
 * through a removed row
 * @returns false when it was stopped before the end; the graph is then good for nothing
 */
export async function compact(
  graph: Graph,
  engine: Engine,
  run: Run,
  searchesEnded: () => Promise<void>,
): Promise<boolean> {
  const removed = await rowsWhere(graph, run, (row) => graph.stateOf(row) === REMOVED)
  if (!removed) return false
  if (graph.chained > 0) {
    const leaders = await rowsWhere(graph, run, (row) => isLeader(graph, row))
    if (!leaders || !(await settleTwins(graph, engine, leaders, run))) return false
  }
  await repairAnchors(
    graph,
    removed.filter((row) => graph.isLinked(row)),
  )
  const linking = await rowsWhere(
    graph,
    run,
    (row) => graph.stateOf(row) === ALIVE && hasRemovedLink(graph, row),
  )
  if (!linking) return false
  await engine.relink(linking, run)
  if (run.stopped()) return false
  replaceEntry(graph)
  // From here on nothing that a new search can reach leads to a removed row.
  await searchesEnded()
  if (run.stopped()) return false
  await graph.release(removed)
  return true
}

/** The rows, ascending, of which `test` is true; undefined when it was stopped. The event loop has its turns. */
async function rowsWhere(
  graph: Graph,
  { stopped }: Run,
  test: (row: number) => boolean,
): Promise<Uint32Array | undefined> {
  const turns = new Turns()
  const found: number[] = []
  for (let row = 0; row < graph.rows; row++) {
    if (row % ROWS_PER_CHECK === 0 && turns.due) {
      await turns.take()
      if (stopped()) return undefined
    }
    if (test(row)) found.push(row)
  }
  return Uint32Array.from(found)
}

/** Whether twins hang on a row of the graph. */
function isLeader(graph: Graph, row: number): boolean {
  return graph.stateOf(row) !== FREE && graph.isLinked(row) && graph.twinOf(row) !== NO_ROW
}

function hasRemovedLink(graph: Graph, row: number): boolean {
  for (let layer = graph.level(row); layer >= 0; layer--) {
    if (linksToRemoved(graph, row, layer)) return true
  }
  return false
}

/** Puts the row of the highest level, the lowest number among equals, in the place of an entry that was removed. */
function replaceEntry(graph: Graph): void {
  if (graph.alive === 0) {
    graph.head[ENTRY] = NO_ROW
    graph.head[ROOT] = NO_ROW
    return
  }
  if (graph.stateOf(graph.entry) === ALIVE) return
  let entry = NO_ROW
  let highest = -1
  for (let row = 0; row < graph.rows; row++) {
    if (graph.stateOf(row) !== ALIVE || !graph.isLinked(row)) continue
    const level = graph.level(row)
    if (level <= highest) continue
    entry = row
    highest = level
  }
  graph.head[ENTRY] = entry
}
