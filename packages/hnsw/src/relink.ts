import { type Codes, NO_ROW, type Scorer } from '@omen/core'
import { type Graph, REMOVED } from './graph.ts'
import { Pool } from './pool.ts'
import { NeighbourSelector } from './select-neighbours.ts'

/**
 * Replaces tombstones in a row's lists by neighbours from among the tombstones' own (after IP-DiskANN, Xu et al. 2025).
 *
 * Links to rows that are alive stay: chosen once from many candidates, they would be chosen anew from few.
 *
 * It reads only the row's own lists and those of tombstones, so that rows can be relinked in any order, with one result.
 */
export class Relinker {
  readonly #graph: Graph
  readonly #scorer: Scorer
  readonly #selector: NeighbourSelector
  readonly #pool: Pool = new Pool()

  constructor(graph: Graph, codes: Codes) {
    this.#graph = graph
    this.#scorer = codes.scorer()
    this.#selector = new NeighbourSelector(graph, codes.scorer())
  }

  relink(row: number): void {
    const level = this.#graph.level(row)
    for (let layer = 0; layer <= level; layer++) {
      if (linksToRemoved(this.#graph, row, layer)) this.#relinkLayer(row, layer)
    }
  }

  #relinkLayer(row: number, layer: number): void {
    const graph = this.#graph
    const words = graph.words(row, layer)
    const start = graph.start(row, layer)
    const degree = graph.degree(row, layer)
    const kept = layer === 0 ? graph.anchorsOf(row) : 0
    const stay: number[] = []
    const candidates = new Set<number>()
    for (let i = 0; i < degree; i++) {
      const other = words[start + i]!
      if (i >= kept && graph.stateOf(other) === REMOVED) this.#addAliveNeighbours(other, layer, candidates)
      else stay.push(other)
    }
    candidates.delete(row)
    for (const other of stay) candidates.delete(other)
    this.#select(row, stay, candidates, graph.capacity(layer))
    graph.write(row, layer, this.#selector.chosen, this.#selector.count)
  }

  #addAliveNeighbours(removed: number, layer: number, candidates: Set<number>): void {
    const words = this.#graph.words(removed, layer)
    const start = this.#graph.start(removed, layer)
    const degree = this.#graph.degree(removed, layer)
    for (let i = 0; i < degree; i++) {
      const other = words[start + i]!
      if (this.#graph.stateOf(other) !== REMOVED) candidates.add(other)
    }
  }

  #select(row: number, kept: readonly number[], candidates: Set<number>, limit: number): void {
    const rows = Uint32Array.of(...kept, ...candidates)
    const distances = new Float32Array(rows.length)
    this.#scorer.bindRow(row)
    this.#scorer.score(rows, rows.length, distances)
    this.#selector.clear()
    this.#pool.reset(candidates.size)
    for (let i = 0; i < rows.length; i++) {
      if (i < kept.length) this.#selector.keep(distances[i]!, rows[i]!)
      else this.#pool.insert(distances[i]!, rows[i]!)
    }
    this.#selector.select(this.#pool, limit)
  }
}

/** Whether a row's list on a layer has a tombstone in it. */
export function linksToRemoved(graph: Graph, row: number, layer: number): boolean {
  const words = graph.words(row, layer)
  const start = graph.start(row, layer)
  const end = start + graph.capacity(layer)
  for (let i = start; i < end; i++) {
    const other = words[i]!
    if (other === NO_ROW) return false
    if (graph.stateOf(other) === REMOVED) return true
  }
  return false
}
