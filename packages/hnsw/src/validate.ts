import { CHUNK_MASK, CHUNK_SHIFT, NO_ROW, Turns } from '@omen/core'
import {
  ALIVE,
  ALIVE_ROWS,
  CHAINED_ROWS,
  ENTRY,
  FREE,
  type Graph,
  HEAD_WORDS,
  REMOVED,
  REMOVED_ROWS,
  ROOT,
  UPPER_BLOCKS,
} from './graph.ts'

/** Rows looked at before the clock is. */
const ROWS_PER_CHECK = 256

/**
 * Checks everything that searches and changes rely on without looking: that every number leads to a row, and that the
 * anchor tree is one. A checksum says that bytes are those that were written, not that a friend wrote them.
 *
 * @returns what is wrong, in a clause; undefined when nothing is
 */
export async function checkGraph(graph: Graph): Promise<string | undefined> {
  const turns = new Turns()
  const counts = [0, 0, 0]
  let blocks = 0
  for (let row = 0; row < graph.rows; row++) {
    if (row % ROWS_PER_CHECK === 0 && turns.due) await turns.take()
    const state = graph.stateOf(row)
    if (state > REMOVED) return `row ${row} has state ${state}`
    counts[state]!++
    const level = graph.level(row)
    const block = graph.upperAt.words[row >>> CHUNK_SHIFT]![row & CHUNK_MASK]
    if (block !== (level === 0 ? NO_ROW : blocks)) return `the upper lists of row ${row} are at ${block}`
    blocks += level
    if (blocks > graph.head[UPPER_BLOCKS]!)
      return `there are more than ${graph.head[UPPER_BLOCKS]} upper lists`
    const wrong = wrongLists(graph, row, level)
    if (wrong) return wrong
  }
  if (blocks !== graph.head[UPPER_BLOCKS])
    return `it counts ${graph.head[UPPER_BLOCKS]} upper lists, not ${blocks}`
  return wrongHead(graph, counts) ?? wrongChains(graph) ?? (await wrongTree(graph))
}

function wrongLists(graph: Graph, row: number, level: number): string | undefined {
  const free = graph.stateOf(row) === FREE
  const linked = graph.isLinked(row)
  for (let layer = 0; layer <= level; layer++) {
    const words = graph.words(row, layer)
    const start = graph.start(row, layer)
    const degree = graph.degree(row, layer)
    for (let i = start; i < start + degree; i++) {
      const other = words[i]!
      const valid = !free && linked && other < graph.rows && other !== row && graph.stateOf(other) !== FREE
      if (!valid || !graph.isLinked(other) || graph.level(other) < layer)
        return `row ${row} links to row ${other} on layer ${layer}`
    }
    // A list ends at the first NO_ROW: what stood behind it would count as a link once the next one is appended.
    for (let i = start + degree; i < start + graph.capacity(layer); i++) {
      if (words[i] !== NO_ROW)
        return `row ${row} has ${words[i]} behind the end of its list on layer ${layer}`
    }
  }
  const anchors = graph.anchorsOf(row)
  if (anchors > graph.m || anchors > graph.degree(row, 0)) return `row ${row} has ${anchors} anchors`
  return undefined
}

function wrongHead(graph: Graph, counts: readonly number[]): string | undefined {
  const { head } = graph
  if (head[ALIVE_ROWS] !== counts[ALIVE] || head[REMOVED_ROWS] !== counts[REMOVED]) {
    return `it counts ${head[ALIVE_ROWS]} rows and ${head[REMOVED_ROWS]} removed, not ${counts[ALIVE]} and ${counts[REMOVED]}`
  }
  for (const word of [ENTRY, ROOT]) {
    const row = head[word]!
    const empty = counts[ALIVE]! + counts[REMOVED]! === 0
    const used = row < graph.rows && graph.stateOf(row) !== FREE && graph.isLinked(row)
    const valid = empty ? row === NO_ROW : used
    if (!valid) return `its ${word === ENTRY ? 'entry' : 'root'} is row ${row}`
  }
  return head.subarray(CHAINED_ROWS + 1, HEAD_WORDS).every((word) => word === 0)
    ? undefined
    : 'its head is not zero at the end'
}

/** Follows every chain from the row that it hangs on: they must meet every row in use that is not linked, each once. */
function wrongChains(graph: Graph): string | undefined {
  const met = new Uint8Array(graph.rows)
  let chained = 0
  for (let row = 0; row < graph.rows; row++) {
    const free = graph.stateOf(row) === FREE
    if (free && graph.twinOf(row) !== NO_ROW) return `row ${row} is free and has a twin`
    if (free || !graph.isLinked(row)) continue
    for (let twin = graph.twinOf(row); twin !== NO_ROW; twin = graph.twinOf(twin)) {
      const valid = twin < graph.rows && graph.stateOf(twin) !== FREE && !graph.isLinked(twin)
      if (!valid || met[twin] === 1) return `row ${twin} hangs on row ${row}`
      met[twin] = 1
      chained++
    }
  }
  return chained === graph.chained ? undefined : `it counts ${graph.chained} chained rows, not ${chained}`
}

/** Walks the anchor tree from its root: it must meet every linked row, each once. */
async function wrongTree(graph: Graph): Promise<string | undefined> {
  const { root } = graph
  const linked = graph.alive + graph.removed - graph.chained
  const open = root === NO_ROW ? [] : [root]
  const turns = new Turns()
  const met = new Uint8Array(graph.rows)
  let count = 0
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    if (met[row] === 1) return `row ${row} is a child twice`
    met[row] = 1
    if (++count % ROWS_PER_CHECK === 0 && turns.due) await turns.take()
    const words = graph.words(row, 0)
    const start = graph.start(row, 0)
    for (let i = row === root ? 0 : 1; i < graph.anchorsOf(row); i++) {
      const child = words[start + i]!
      const childStart = graph.start(child, 0)
      const parent = graph.words(child, 0)[childStart]
      if (child === root || parent !== row) return `row ${child} is a child of row ${row}, but not its own`
      if (graph.anchorsOf(child) === 0) return `row ${child} does not hold on to its parent`
      open.push(child)
    }
  }
  return count === linked ? undefined : `the anchor tree leads to ${count} rows, not ${linked}`
}
