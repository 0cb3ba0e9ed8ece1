import {
  type Codes,
  elementsPerVector,
  type NativeSearch,
  type ResultBuffers,
  Turns,
  type Vectors,
} from '@omen/core'
import type { Engine, Run } from './engine.ts'
import type { Graph } from './graph.ts'
import { Inserter } from './insert.ts'
import type { Settings } from './options.ts'
import type { Data } from './parts.ts'
import { Relinker } from './relink.ts'
import { Searcher } from './search.ts'
import { TwinFinder } from './twins.ts'
import { checkGraph } from './validate.ts'

/**
 * The reference: plain TypeScript on the caller's thread, that lets the event loop have its turn between two rows or
 * queries. Each row and each query is handled without interruption, so searches see whole graphs.
 */
export class TypeScriptEngine implements Engine {
  readonly kind = 'typescript'
  readonly #graph: Graph
  readonly #linking: Codes
  readonly #inserter: Inserter
  readonly #searcher: Searcher
  readonly #elements: number

  constructor({ graph, codes, exact, linking, rescoring }: Data, { beam }: Settings) {
    this.#graph = graph
    this.#linking = linking
    this.#inserter = new Inserter(graph, linking, beam, new TwinFinder(graph, codes, exact))
    this.#searcher = new Searcher(graph, codes, rescoring, exact !== rescoring)
    this.#elements = elementsPerVector(codes.codec.shape)
  }

  check(): Promise<string | undefined> {
    return checkGraph(this.#graph)
  }

  insert(rows: Uint32Array, run: Run): Promise<number> {
    return inTurns(rows.length, run, (i) => this.#inserter.insert(rows[i]!))
  }

  async relink(rows: Uint32Array, run: Run): Promise<void> {
    const relinker = new Relinker(this.#graph, this.#linking)
    await inTurns(rows.length, run, (i) => relinker.relink(rows[i]!))
  }

  searchSync(query: Vectors, search: NativeSearch, out: ResultBuffers): void {
    this.#searcher.search(query, search, out, 0)
  }

  async search(query: Vectors, search: NativeSearch, out: ResultBuffers): Promise<void> {
    this.#searcher.search(query, search, out, 0)
  }

  async searchMany(queries: Vectors, search: NativeSearch, out: ResultBuffers, run: Run): Promise<void> {
    const elements = this.#elements
    await inTurns(queries.length / elements, run, (i) => {
      this.#searcher.search(queries.subarray(i * elements, (i + 1) * elements), search, out, i)
    })
  }
}

/** Does steps 0 … count − 1, the event loop having its turns between them. @returns how many were done */
async function inTurns(count: number, { stopped, report }: Run, step: (i: number) => void): Promise<number> {
  const turns = new Turns()
  for (let i = 0; i < count; i++) {
    if (turns.due) {
      report?.(i)
      await turns.take()
      if (stopped()) return i
    }
    step(i)
  }
  report?.(count)
  return count
}
