import { type Codes, NO_ROW, type Scorer } from '@omen/core'
import { someChild } from './anchors.ts'
import { ENTRY, type Graph, ROOT } from './graph.ts'
import { LinkEditor } from './link-editor.ts'
import { LayerSearch } from './search-layer.ts'
import { chainTwin, type TwinFinder } from './twins.ts'

/** Links rows into a graph, one at a time (Malkov & Yashunin 2018, Alg. 1). */
export class Inserter {
  readonly #graph: Graph
  readonly #beam: number
  readonly #scorer: Scorer
  readonly #search: LayerSearch
  readonly #links: LinkEditor
  readonly #twins: TwinFinder
  /** Neighbours chosen for the row, by layer, and how many they are. */
  readonly #chosen: Uint32Array[]
  readonly #counts: Uint32Array
  readonly #ownList: Uint32Array

  constructor(graph: Graph, codes: Codes, beam: number, twins: TwinFinder) {
    this.#graph = graph
    this.#beam = beam
    this.#scorer = codes.scorer()
    this.#search = new LayerSearch(graph)
    this.#links = new LinkEditor(graph, codes)
    this.#twins = twins
    this.#chosen = Array.from({ length: graph.levels.length + 1 }, () => new Uint32Array(graph.m))
    this.#counts = new Uint32Array(graph.levels.length + 1)
    this.#ownList = new Uint32Array(graph.m + 1)
  }

  /** Links a row whose codes are in place, whose state is alive and whose lists are empty, or hangs it on its twin. */
  insert(row: number): void {
    const graph = this.#graph
    const { entry } = graph
    if (entry === NO_ROW) {
      graph.head[ROOT] = row
      graph.head[ENTRY] = row
      return
    }
    const level = graph.level(row)
    const top = graph.level(entry)
    const topLayer = Math.min(level, top)
    this.#scorer.bindRow(row)
    this.#search.descend(this.#scorer, entry, top, level + 1)
    // All searches come before the first write, so that nobody finds a row whose lists are empty.
    for (let layer = topLayer; layer >= 0; layer--) {
      this.#search.walk(this.#scorer, this.#beam, layer)
      const twin = layer === 0 ? this.#twins.find(row, this.#scorer, this.#search.pool) : NO_ROW
      if (twin !== NO_ROW) {
        chainTwin(graph, twin, row)
        return
      }
      this.#chooseNeighbours(layer)
    }
    for (let layer = 1; layer <= topLayer; layer++) {
      graph.write(row, layer, this.#chosen[layer]!, this.#counts[layer]!)
    }
    this.#linkBase(row)
    for (let layer = 1; layer <= topLayer; layer++) {
      const chosen = this.#chosen[layer]!
      for (let i = 0; i < this.#counts[layer]!; i++) this.#links.connect(chosen[i]!, row, layer)
    }
    if (level > top) graph.head[ENTRY] = row
  }

  #chooseNeighbours(layer: number): void {
    const { m } = this.#graph
    const { selector } = this.#links
    selector.clear()
    selector.select(this.#search.pool, m)
    this.#counts[layer] = selector.count
    const chosen = this.#chosen[layer]!
    for (let i = 0; i < selector.count; i++) chosen[i] = selector.chosen[i]!
  }

  #linkBase(row: number): void {
    const parent = this.#anchor(row)
    const neighbours = this.#chosen[0]!
    for (let i = 0; i < this.#counts[0]!; i++) {
      if (neighbours[i] !== parent) this.#links.connect(neighbours[i]!, row, 0)
    }
  }

  /** Gives the row a parent: the closest neighbour with room for a child, else a descendant of the closest one. */
  #anchor(row: number): number {
    const graph = this.#graph
    const neighbours = this.#chosen[0]!
    graph.setAnchors(row, 1)
    for (let i = 0; i < this.#counts[0]!; i++) {
      if (this.#attach(neighbours[i]!, row)) return neighbours[i]!
    }
    let parent = neighbours[0]!
    for (let step = 1; !this.#attach(parent, row); step++) parent = someChild(graph, parent, row, step)
    return parent
  }

  #attach(parent: number, row: number): boolean {
    // The parent stands first in the row's own list, before the row can be found through it.
    const list = this.#ownList
    const neighbours = this.#chosen[0]!
    let count = 0
    list[count++] = parent
    for (let i = 0; i < this.#counts[0]!; i++) {
      if (neighbours[i] !== parent) list[count++] = neighbours[i]!
    }
    this.#graph.write(row, 0, list, count)
    return this.#links.attach(parent, row)
  }
}
