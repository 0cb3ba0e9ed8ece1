import {
  type Accelerator,
  elementsPerVector,
  type NativeGraph,
  type NativeSearch,
  type Refusal,
  type ResultBuffers,
  type Vectors,
  vectorError,
} from '@omen/core'
import type { Engine, Run } from './engine.ts'
import type { Graph } from './graph.ts'
import type { Settings } from './options.ts'
import type { Data } from './parts.ts'
import { WORK_NUMBERS } from './search.ts'
import { checkGraph } from './validate.ts'

/** How often the counter of a running insert is looked at. */
const REPORT_EVERY_MS = 50
/** Queries of a batch that the pool gets at a time: other searches wait behind these, some ten milliseconds at most. */
const QUERIES_PER_CALL = 512
/** Rows whose lists are checked at a time: some milliseconds, for which a search may wait. */
const ROWS_PER_CHECK = 2 ** 15

/** The accelerator's hot loops over the same slabs, on its own threads. */
export class NativeEngine implements Engine {
  readonly kind = 'native'
  readonly #native: NativeGraph
  readonly #graph: Graph
  readonly #elements: number

  private constructor(native: NativeGraph, graph: Graph, elements: number) {
    this.#native = native
    this.#graph = graph
    this.#elements = elements
  }

  /** @returns undefined where the accelerator cannot read the codes */
  static create(
    { graph, codes, exact, linking, rescoring }: Data,
    { beam, without }: Settings,
    accelerator: Accelerator,
  ): NativeEngine | undefined {
    if (!codes.native || !linking.native) return undefined
    if ((exact && !exact.native) || (rescoring && !rescoring.native)) return undefined
    const native = accelerator.createGraph({
      m: graph.m,
      beam,
      alpha: graph.alpha,
      without: without.filter((name) => name !== 'hugePages'),
      linking: linking.native,
      codes: codes.native,
      exact: exact?.native,
      rescoring: rescoring?.native,
      head: graph.head,
      levels: graph.levels,
    })
    graph.share(native)
    return new NativeEngine(native, graph, elementsPerVector(codes.codec.shape))
  }

  async check(): Promise<string | undefined> {
    if (await this.#passes()) return undefined
    return (await checkGraph(this.#graph)) ?? 'its graph does not hold together'
  }

  async #passes(): Promise<boolean> {
    const { rows } = this.#graph
    if (!(await this.#native.check('rows', 0, 0))) return false
    const pieces: Promise<boolean>[] = []
    for (let from = 0; from < rows; from += ROWS_PER_CHECK) {
      pieces.push(this.#native.check('lists', from, Math.min(from + ROWS_PER_CHECK, rows)))
    }
    if ((await Promise.all(pieces)).includes(false)) return false
    return (await this.#native.check('chains', 0, 0)) && (await this.#native.check('tree', 0, 0))
  }

  async insert(rows: Uint32Array, run: Run): Promise<number> {
    const { stopped, report } = run
    const control = new Int32Array(2)
    const timer = setInterval(() => {
      report?.(control[0]!)
      if (stopped()) control[1] = 1
    }, REPORT_EVERY_MS)
    try {
      const done = await this.#native.insert(rows, run, control)
      report?.(done)
      return done
    } finally {
      clearInterval(timer)
    }
  }

  async relink(rows: Uint32Array, run: Run): Promise<void> {
    await this.#native.relink(rows, run)
  }

  searchSync(query: Vectors, search: NativeSearch, out: ResultBuffers): void {
    check(this.#native.searchSync(query, search, out))
  }

  async search(query: Vectors, search: NativeSearch, out: ResultBuffers): Promise<void> {
    check(await this.#native.search(query, search, out))
  }

  async searchMany(queries: Vectors, search: NativeSearch, out: ResultBuffers, run: Run): Promise<void> {
    const { threads, stopped, report } = run
    const count = queries.length / this.#elements
    for (let from = 0; from < count && !stopped(); from += QUERIES_PER_CALL) {
      const to = Math.min(from + QUERIES_PER_CALL, count)
      const piece = queries.subarray(from * this.#elements, to * this.#elements)
      const refusal = await this.#native.searchMany(piece, search, threads, {
        rows: out.rows.subarray(from * search.k, to * search.k),
        distances: out.distances.subarray(from * search.k, to * search.k),
        counts: out.counts.subarray(from, to),
        work: out.work?.subarray(from * WORK_NUMBERS, to * WORK_NUMBERS),
      })
      check(refusal, from)
      report?.(to)
    }
  }
}

function check(refusal: Refusal | undefined, firstIndex = 0): void {
  if (refusal) throw vectorError(refusal.code, firstIndex + refusal.index)
}
