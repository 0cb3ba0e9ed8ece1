import { type Codes, NO_ROW, type Scorer } from '@omen/core'
import type { Engine, Run } from './engine.ts'
import { ALIVE, CHAINED_ROWS, type Graph, REMOVED } from './graph.ts'
import type { RowTest } from './match-walk.ts'
import { Pool } from './pool.ts'

/*
 * Twins are rows whose codes are equal to the byte, the finer ones too. Only the first of them is linked; the others hang
 * on it in a chain, and a search that finds it finds them. In a graph they would be neighbours of each other and of
 * nothing else: a place that walks do not come out of, and that takes the room of the rows behind it.
 *
 * Not every twin is found: rows that are inserted at the same time do not see each other, and by inner product the
 * closest rows to a row need not be its twins. Those are linked like any row.
 */

/** Finds the row that a new one is a twin of. */
export class TwinFinder {
  readonly #graph: Graph
  readonly #codes: readonly Codes[]
  readonly #row: Uint32Array = new Uint32Array(1)
  readonly #distance: Float32Array = new Float32Array(1)

  constructor(graph: Graph, codes: Codes, exact: Codes | undefined) {
    this.#graph = graph
    this.#codes = exact ? [codes, exact] : [codes]
  }

  /**
   * @param scorer bound to the row
   * @param found candidates with their distances to the row, closest first
   * @returns NO_ROW when there is none among them
   */
  find(row: number, scorer: Scorer, found: Pool): number {
    this.#row[0] = row
    scorer.score(this.#row, 1, this.#distance)
    const own = this.#distance[0]!
    for (let i = 0; i < found.size && found.distances[i]! <= own; i++) {
      const other = found.rows[i]!
      if (found.distances[i]! < own || this.#graph.stateOf(other) !== ALIVE) continue
      if (this.#codes.every(({ slab }) => areEqual(slab.row(row), slab.row(other)))) return other
    }
    return NO_ROW
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Finds the twins of the rows that a search found. */
export class TwinCollector {
  readonly #graph: Graph
  readonly #collected: Pool = new Pool()
  readonly #seen: Set<number> = new Set()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** Whether a row or one that hangs on it passes. */
  accepts(row: number, test: RowTest): boolean {
    for (let twin = row; twin !== NO_ROW; twin = this.#graph.twinOf(twin)) if (test(twin)) return true
    return false
  }

  /** How many pass of the rows found and those that hang on them; no more than `enough` are counted. */
  count(found: Pool, enough: number, test: RowTest): number {
    let count = 0
    for (let i = 0; i < found.size && count < enough; i++) {
      for (let twin = found.rows[i]!; twin !== NO_ROW && count < enough; twin = this.#graph.twinOf(twin)) {
        if (test(twin)) count++
      }
    }
    return count
  }

  /**
   * The first k that pass of the rows found and those that hang on them, each at the distance of the row it hangs on.
   *
   * While a chain is given to another row it may hang on both: a row is taken once.
   *
   * @param found closest first
   * @returns borrowed, valid until the next call
   */
  collect(found: Pool, k: number, test: RowTest): Pool {
    const collected = this.#collected
    const seen = this.#seen
    collected.reset(k)
    seen.clear()
    for (let i = 0; i < found.size; i++) {
      const distance = found.distances[i]!
      if (collected.full && distance > collected.distances[k - 1]!) break
      for (let twin = found.rows[i]!; twin !== NO_ROW; twin = this.#graph.twinOf(twin)) {
        if (!test(twin) || seen.has(twin)) continue
        seen.add(twin)
        collected.insert(distance, twin)
      }
    }
    return collected
  }
}

/** Hangs a row that is not linked on its twin. */
export function chainTwin(graph: Graph, leader: number, row: number): void {
  graph.setTwin(row, graph.twinOf(leader))
  graph.setTwin(leader, row)
  graph.head[CHAINED_ROWS] = graph.chained + 1
}

/**
 * Takes removed rows out of chains, and links rows in the place of those that chains hang on and that are removed: the
 * first alive row of each such chain, which keeps the others.
 *
 * Until the removed rows are taken out of the graph, searches find the chains through them as well.
 *
 * @param leaders all linked rows, alive or removed, that chains hang on
 * @returns false when it was stopped before the end
 */
export async function settleTwins(
  graph: Graph,
  engine: Engine,
  leaders: Uint32Array,
  run: Run,
): Promise<boolean> {
  for (const leader of leaders) dropRemovedTwins(graph, leader)
  const heirs = leaders
    .filter((leader) => graph.stateOf(leader) === REMOVED && graph.twinOf(leader) !== NO_ROW)
    .map((leader) => graph.twinOf(leader))
  if (heirs.length === 0) return true
  const followers = heirs.map((heir) => graph.twinOf(heir))
  graph.head[CHAINED_ROWS] = graph.chained - heirs.length
  if ((await engine.insert(heirs, run)) < heirs.length) return false
  for (const [i, heir] of heirs.entries()) {
    // One that found a twin of its own hangs on that now, and brings its chain along.
    if (!graph.isLinked(heir)) insertChain(graph, heir, followers[i]!)
  }
  return true
}

function dropRemovedTwins(graph: Graph, leader: number): void {
  let last = leader
  for (let row = graph.twinOf(leader); row !== NO_ROW; row = graph.twinOf(row)) {
    if (graph.stateOf(row) !== REMOVED) {
      last = row
      continue
    }
    // Its own pointer stays: a search may stand on it.
    graph.setTwin(last, graph.twinOf(row))
    graph.head[CHAINED_ROWS] = graph.chained - 1
  }
}

/** Puts a chain behind a row of another. */
function insertChain(graph: Graph, row: number, first: number): void {
  if (first === NO_ROW) return
  let last = first
  while (graph.twinOf(last) !== NO_ROW) last = graph.twinOf(last)
  graph.setTwin(last, graph.twinOf(row))
  graph.setTwin(row, first)
}
