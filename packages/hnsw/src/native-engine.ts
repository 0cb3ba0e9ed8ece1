import {
  type Accelerator,
  type Codes,
  type NativeGraph,
  type NativeSearch,
  type Refusal,
  type ResultBuffers,
  type Vectors,
  vectorError,
} from '@omen/core'
import type { Engine, Run } from './engine.ts'
import type { Graph } from './graph.ts'

/** How often the counter of a running insert is looked at. */
const REPORT_EVERY_MS = 50

/** The accelerator's hot loops over the same slabs, on its own threads. */
export class NativeEngine implements Engine {
  readonly kind = 'native'
  readonly #native: NativeGraph

  constructor(native: NativeGraph) {
    this.#native = native
  }

  /** @returns undefined where the accelerator cannot read the codes */
  static create(
    graph: Graph,
    codes: Codes,
    exact: Codes | undefined,
    beam: number,
    accelerator: Accelerator,
  ): NativeEngine | undefined {
    if (!codes.native || (exact && !exact.native)) return undefined
    const native = accelerator.createGraph({
      m: graph.m,
      beam,
      codes: codes.native,
      exact: exact?.native,
      head: graph.head,
      levels: graph.levels,
    })
    graph.share(native)
    return new NativeEngine(native)
  }

  async insert(rows: Uint32Array, { threads, stopped, report }: Run): Promise<number> {
    const control = new Int32Array(2)
    const timer = setInterval(() => {
      report?.(control[0]!)
      if (stopped()) control[1] = 1
    }, REPORT_EVERY_MS)
    try {
      const done = await this.#native.insert(rows, threads, control)
      report?.(done)
      return done
    } finally {
      clearInterval(timer)
    }
  }

  async relink(rows: Uint32Array, { threads }: Run): Promise<void> {
    await this.#native.relink(rows, threads)
  }

  searchSync(query: Vectors, search: NativeSearch, out: ResultBuffers): void {
    check(this.#native.searchSync(query, search, out))
  }

  async search(query: Vectors, search: NativeSearch, out: ResultBuffers): Promise<void> {
    check(await this.#native.search(query, search, out))
  }

  async searchMany(queries: Vectors, search: NativeSearch, out: ResultBuffers, run: Run): Promise<void> {
    check(await this.#native.searchMany(queries, search, run.threads, out))
  }
}

function check(refusal: Refusal | undefined): void {
  if (refusal) throw vectorError(refusal.code, refusal.index)
}
