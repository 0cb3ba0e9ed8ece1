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
  /** The list being pruned, and one more. */
  readonly #list: Uint32Array
  readonly #distances: Float32Array

  constructor(graph: Graph, codes: Codes) {
    this.#graph = graph
    this.#scorer = codes.scorer()
    this.selector = new NeighbourSelector(graph, codes.scorer())
    this.#list = new Uint32Array(graph.capacity(0) + 1)
    this.#distances = new Float32Array(this.#list.length)
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
    this.#copy(parent, 0, 0, anchors, 0)
    this.#list[anchors] = row
    this.#copy(parent, 0, anchors, degree, anchors + 1)
    this.#prune(parent, 0, anchors + 1, degree + 1)
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
    this.#copy(neighbour, layer, 0, degree, 0)
    this.#list[degree] = row
    this.#prune(neighbour, layer, layer === 0 ? graph.anchorsOf(neighbour) : 0, degree + 1)
  }

  /** Copies a part of a list to the one being pruned, from `at` on. */
  #copy(row: number, layer: number, from: number, to: number, at: number): void {
    const words = this.#graph.words(row, layer)
    const start = this.#graph.start(row, layer)
    for (let i = from; i < to; i++) this.#list[at + i - from] = words[start + i]!
  }

  /** Writes a list anew: the first `kept` of the `count` that it should hold, and the most diverse of the others. */
  #prune(row: number, layer: number, kept: number, count: number): void {
    const list = this.#list
    const distances = this.#distances
    const { selector } = this
    this.#scorer.bindRow(row)
    this.#scorer.score(list, count, distances)
    selector.clear()
    this.#pool.reset(count)
    for (let i = 0; i < kept; i++) selector.keep(distances[i]!, list[i]!)
    for (let i = kept; i < count; i++) this.#pool.insert(distances[i]!, list[i]!)
    selector.select(this.#pool, this.#graph.capacity(layer))
    this.#graph.write(row, layer, selector.chosen, selector.count)
  }
}
