import { type Codes, NO_ROW, type Scorer } from '@omen/core'
import type { Graph } from './graph.ts'
import { Pool } from './pool.ts'
import { NeighbourSelector } from './select-neighbours.ts'

/** Adds single links to the lists of rows, and prunes a list that overflows. */
export class LinkEditor {
  readonly selector: NeighbourSelector
  readonly #graph: Graph
  readonly #scorer: Scorer
  /** Candidates of one pruning. */
  readonly #pool: Pool = new Pool()
  readonly #others: Uint32Array
  readonly #distances: Float32Array

  constructor(graph: Graph, codes: Codes) {
    this.#graph = graph
    this.#scorer = codes.scorer()
    this.selector = new NeighbourSelector(graph, codes.scorer())
    this.#others = new Uint32Array(graph.capacity(0) + 1)
    this.#distances = new Float32Array(this.#others.length)
  }

  /** Makes `row` a child of `parent` in the anchor tree. @returns false when the parent has all the children it can have */
  attach(parent: number, row: number): boolean {
    const graph = this.#graph
    const anchors = graph.anchorsOf(parent)
    if (anchors >= graph.m) return false
    const degree = graph.degree(parent, 0)
    graph.setAnchors(parent, anchors + 1)
    if (degree < graph.capacity(0)) {
      const words = graph.words(parent, 0)
      const start = graph.start(parent, 0)
      words[start + degree] = words[start + anchors]!
      words[start + anchors] = row
      return true
    }
    const others = this.#copy(parent, 0, anchors, degree)
    this.#keep(parent, 0, anchors)
    this.selector.chosen[this.selector.count++] = row
    this.#prune(parent, 0, others)
    return true
  }

  /** Links `neighbour` to `row`, unless its list was full of links that are more use. */
  connect(neighbour: number, row: number, layer: number): void {
    const graph = this.#graph
    const words = graph.words(neighbour, layer)
    const start = graph.start(neighbour, layer)
    const capacity = graph.capacity(layer)
    let degree = 0
    for (; degree < capacity; degree++) {
      const other = words[start + degree]!
      if (other === row) return
      if (other === NO_ROW) break
    }
    if (degree < capacity) {
      words[start + degree] = row
      return
    }
    const anchors = layer === 0 ? graph.anchorsOf(neighbour) : 0
    const others = this.#copy(neighbour, layer, anchors, degree)
    this.#others[others] = row
    this.#keep(neighbour, layer, anchors)
    this.#prune(neighbour, layer, others + 1)
  }

  /** Copies a part of a list to the candidates. @returns how many */
  #copy(row: number, layer: number, from: number, to: number): number {
    const words = this.#graph.words(row, layer)
    const start = this.#graph.start(row, layer)
    for (let i = from; i < to; i++) this.#others[i - from] = words[start + i]!
    return to - from
  }

  /** Starts a selection with the protected entries of a list. */
  #keep(row: number, layer: number, anchors: number): void {
    const words = this.#graph.words(row, layer)
    const start = this.#graph.start(row, layer)
    for (let i = 0; i < anchors; i++) this.selector.chosen[i] = words[start + i]!
    this.selector.count = anchors
  }

  /** Writes a list anew: what the selection starts with, and the most diverse of the candidates. */
  #prune(row: number, layer: number, count: number): void {
    const others = this.#others
    const distances = this.#distances
    this.#scorer.bindRow(row)
    this.#scorer.score(others, count, distances)
    this.#pool.reset(count)
    for (let i = 0; i < count; i++) this.#pool.insert(distances[i]!, others[i]!)
    this.selector.select(this.#pool, this.#graph.capacity(layer))
    this.#graph.write(row, layer, this.selector.chosen, this.selector.count)
  }
}
