import { NO_ROW, Turns } from '@omen/core'
import { ALIVE, type Graph, REMOVED, ROOT } from './graph.ts'
import { rowHash } from './levels.ts'

/**
 * The anchor tree: why every row can be reached from every other, whatever the order of adds and removes.
 *
 * Every row but the root has a parent, the first entry of its base list. Its parent has it among the protected entries at
 * the front of its own: [parent, children …, others …]; the root has no parent entry. Protected entries are never
 * pruned, so the base layer contains a tree whose edges go both ways. At most m entries are protected: the other half of
 * a list of 2m is free for the links that make searches short.
 */

/** Rows repaired before the clock is looked at. */
const ROWS_PER_CHECK = 256

/** Index of the first child in a row's base list: after its parent, which the root does not have. */
export function childrenStart(graph: Graph, row: number): number {
  return row === graph.root ? 0 : 1
}

/**
 * A child of a row that has one, which depends on the row that looks for a parent: were it always the first child, the
 * tree would grow into a chain, and n rows in one place would cost n² steps.
 *
 * @param step how often a child was asked for before, counted from 1
 */
export function someChild(graph: Graph, parent: number, row: number, step: number): number {
  const first = childrenStart(graph, parent)
  const children = graph.anchorsOf(parent) - first
  const chosen = rowHash((row + step) >>> 0) % children
  return graph.words(parent, 0)[graph.start(parent, 0) + first + chosen]!
}

/** The first entry of a row's base list: the parent of any row but the root. */
function firstEntry(graph: Graph, row: number): number {
  return graph.words(row, 0)[graph.start(row, 0)]!
}

/**
 * Makes the anchor tree whole without the removed rows: their children that are alive are adopted by the nearest alive
 * ancestor, or a descendant of it that has room. The lists of the removed rows stay as they are.
 *
 * The event loop has its turns; searches may run meanwhile, and nothing else.
 *
 * @param removed all removed rows
 */
export async function repairAnchors(graph: Graph, removed: Uint32Array): Promise<void> {
  const oldRoot = graph.root
  const orphans: number[] = []
  const turns = new Turns()
  for (const [i, row] of removed.entries()) {
    if (i % ROWS_PER_CHECK === 0 && turns.due) await turns.take()
    for (let i = row === oldRoot ? 0 : 1; i < graph.anchorsOf(row); i++) {
      const child = graph.words(row, 0)[graph.start(row, 0) + i]!
      if (graph.stateOf(child) === ALIVE) orphans.push(child)
    }
    if (row === oldRoot) continue
    const parent = firstEntry(graph, row)
    if (graph.stateOf(parent) !== REMOVED) dropEntry(graph, parent, row)
  }
  orphans.sort((a, b) => a - b)
  const ancestorOf = ancestorFinder(graph, oldRoot)
  for (const [i, row] of orphans.entries()) {
    if (i % ROWS_PER_CHECK === 0 && turns.due) await turns.take()
    const ancestor = ancestorOf(firstEntry(graph, row))
    if (ancestor !== NO_ROW) adopt(graph, ancestor, row)
    else if (graph.root !== oldRoot) adopt(graph, graph.root, row)
    else enthrone(graph, row)
  }
}

/** Makes an orphan the root of the tree. */
function enthrone(graph: Graph, row: number): void {
  dropEntry(graph, row, firstEntry(graph, row))
  graph.head[ROOT] = row
}

/** Finds the nearest alive row from a removed row upwards; NO_ROW where there is none. Remembers, lest chains cost their square. */
function ancestorFinder(graph: Graph, oldRoot: number): (row: number) => number {
  const known = new Map<number, number>()
  return (row) => {
    const path: number[] = []
    let ancestor = row
    while (ancestor !== NO_ROW && graph.stateOf(ancestor) === REMOVED) {
      const remembered = known.get(ancestor)
      if (remembered === undefined) path.push(ancestor)
      ancestor = remembered ?? (ancestor === oldRoot ? NO_ROW : firstEntry(graph, ancestor))
    }
    for (const each of path) known.set(each, ancestor)
    return ancestor
  }
}

function adopt(graph: Graph, ancestor: number, row: number): void {
  let parent = ancestor
  for (let step = 1; graph.anchorsOf(parent) >= graph.m; step++) parent = someChild(graph, parent, row, step)
  // Neither may stand twice in the other's list.
  dropLink(graph, row, parent)
  dropLink(graph, parent, row)
  graph.words(row, 0)[graph.start(row, 0)] = parent
  const words = graph.words(parent, 0)
  const start = graph.start(parent, 0)
  const anchors = graph.anchorsOf(parent)
  // A full list loses its last entry; else the first link that is not protected moves to the end.
  const last = Math.min(graph.degree(parent, 0), graph.capacity(0) - 1)
  words[start + last] = words[start + anchors]!
  words[start + anchors] = row
  graph.setAnchors(parent, anchors + 1)
}

/** Takes a protected entry out of a row's base list. */
function dropEntry(graph: Graph, row: number, entry: number): void {
  removeAt(graph, row, indexOf(graph, row, entry))
  graph.setAnchors(row, graph.anchorsOf(row) - 1)
}

/** Takes an entry out of a row's base list where it is there and not protected. */
function dropLink(graph: Graph, row: number, entry: number): void {
  const index = indexOf(graph, row, entry)
  if (index >= graph.anchorsOf(row)) removeAt(graph, row, index)
}

/** Where an entry stands in a row's base list; −1 when it does not. */
function indexOf(graph: Graph, row: number, entry: number): number {
  const words = graph.words(row, 0)
  const start = graph.start(row, 0)
  for (let i = 0; i < graph.capacity(0); i++) {
    if (words[start + i] === entry) return i
    if (words[start + i] === NO_ROW) break
  }
  return -1
}

function removeAt(graph: Graph, row: number, index: number): void {
  const words = graph.words(row, 0)
  const start = graph.start(row, 0)
  const last = graph.capacity(0) - 1
  for (let i = index; i < last; i++) words[start + i] = words[start + i + 1]!
  words[start + last] = NO_ROW
}
