import { NO_ROW } from '@omen/core'
import { ALIVE, FREE, Graph, ROWS, SLABS, UPPER_BLOCKS } from '../graph.ts'
import type { Hnsw } from '../hnsw.ts'
import { checkGraph } from '../validate.ts'

/** A copy of an index's graph, as it would be saved. */
export function graphOf(index: Hnsw): Graph {
  const graph = new Graph(index.stats().m)
  const bytes = new Map(index.sections().map(({ name, parts }) => [name, Buffer.concat([...parts()])]))
  const head = bytes.get('head')
  if (!head) return graph
  new Uint8Array(graph.head.buffer).set(head)
  for (const name of SLABS) {
    const rows = graph.head[name === 'upper' ? UPPER_BLOCKS : ROWS] as number
    graph[name].ensure(rows)
    graph[name].clear(0, rows)
    if (!bytes.has(name)) continue
    let at = 0
    for (const part of graph[name].parts(rows)) {
      part.set((bytes.get(name) as Buffer).subarray(at, at + part.length))
      at += part.length
    }
  }
  graph.findFreeRows()
  return graph
}

/**
 * Says every way in which a graph that nothing is changing breaks its promises.
 *
 * @returns one sentence for each; empty when there is none
 */
export async function brokenPromises(graph: Graph): Promise<string[]> {
  const broken: string[] = []
  const wrong = await checkGraph(graph)
  if (wrong !== undefined) broken.push(wrong)
  for (let row = 0; row < graph.rows; row++) {
    for (let layer = 0; layer <= graph.level(row); layer++) {
      const list = listOf(graph, row, layer)
      if (new Set(list).size < list.length) broken.push(`row ${row} has a neighbour twice on layer ${layer}`)
      if (graph.stateOf(row) === FREE && list.length > 0) broken.push(`row ${row} is free and has neighbours`)
    }
  }
  const reached = reachable(graph)
  for (let row = 0; row < graph.rows; row++) {
    if (graph.stateOf(row) === ALIVE && !reached.has(row)) broken.push(`row ${row} cannot be reached`)
  }
  return broken
}

/** A row's neighbours on a layer. */
export function listOf(graph: Graph, row: number, layer: number): number[] {
  const start = graph.start(row, layer)
  return [...graph.words(row, layer).subarray(start, start + graph.degree(row, layer))]
}

function reachable(graph: Graph): Set<number> {
  const reached = new Set<number>()
  if (graph.entry === NO_ROW) return reached
  reached.add(graph.entry)
  // A set gives its new members their turn too.
  for (const row of reached) {
    for (const next of listOf(graph, row, 0)) reached.add(next)
    if (graph.twinOf(row) !== NO_ROW) reached.add(graph.twinOf(row))
  }
  return reached
}
