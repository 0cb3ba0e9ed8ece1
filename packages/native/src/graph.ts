import type {
  GraphCheck,
  NativeGraph,
  NativeGraphOptions,
  NativeSearch,
  Refusal,
  ResultBuffers,
  Vectors,
  Workers,
} from '@omen/core'
import { NATIVE_TECHNIQUES, OmenError, SEARCH_STRATEGIES } from '@omen/core'
import type { Addon, AddonCodes, AddonGraph } from './addon.ts'
import { Awake, inBackground } from './awake.ts'
import { AcceleratedCodes, refusal } from './codes.ts'
import { GatheredSearches } from './gathered-searches.ts'

/** The graph's hot loops in C++. */
export class AcceleratedGraph implements NativeGraph {
  readonly #graph: AddonGraph
  readonly #awake: Awake
  readonly #gathered: GatheredSearches

  constructor(addon: Addon, options: NativeGraphOptions) {
    this.#awake = new Awake(addon.yieldThread)
    this.#gathered = new GatheredSearches(
      (queries, search, out) => this.searchMany(queries, search, 1, out),
      addon.doctor().threads,
    )
    const { m, beam, alpha, without, codes, exact, linking, rescoring, head, levels } = options
    const off = without.reduce((bits, name) => bits | (1 << NATIVE_TECHNIQUES.indexOf(name)), 0)
    this.#graph = new addon.Graph(
      m,
      beam,
      alpha,
      off,
      ownCodes(codes),
      exact && ownCodes(exact),
      ownCodes(linking),
      rescoring && ownCodes(rescoring),
      head,
      levels,
    )
  }

  attach(slab: string, chunk: Uint8Array): void {
    this.#graph.attach(slab, chunk)
  }

  check(what: GraphCheck, from: number, to: number): Promise<boolean> {
    return this.#graph.check(what, from, to)
  }

  insert(rows: Uint32Array, { threads, background = false }: Workers, control: Int32Array): Promise<number> {
    const inserted = this.#graph.insert(rows, threads, background, control)
    return background ? inBackground(threads, inserted) : inserted
  }

  relink(rows: Uint32Array, { threads, background = false }: Workers): Promise<void> {
    return this.#graph.relink(rows, threads, background)
  }

  searchSync(query: Vectors, search: NativeSearch, out: ResultBuffers): Refusal | undefined {
    const { k, beam, epsilon, rescore, radius, accept } = search
    const { share, widening, sparseWidening, patience, settles } = search
    const { rows, distances, counts, work } = out
    return refusal(
      this.#graph.searchSync(
        query,
        k,
        beam,
        rescore,
        radius,
        accept,
        rows,
        distances,
        counts,
        work,
        SEARCH_STRATEGIES.indexOf(search.strategy),
        share,
        widening,
        sparseWidening,
        patience,
        settles,
        epsilon,
      ),
    )
  }

  search(query: Vectors, search: NativeSearch, out: ResultBuffers): Promise<Refusal | undefined> {
    return this.#awake.during(this.#gathered.search(query, search, out))
  }

  async searchMany(
    queries: Vectors,
    search: NativeSearch,
    threads: number,
    out: ResultBuffers,
  ): Promise<Refusal | undefined> {
    const { k, beam, epsilon, rescore, radius, accept } = search
    const { share, widening, sparseWidening, patience, settles } = search
    const { rows, distances, counts, work } = out
    return refusal(
      await this.#graph.searchMany(
        queries,
        k,
        beam,
        rescore,
        radius,
        accept,
        rows,
        distances,
        counts,
        work,
        threads,
        SEARCH_STRATEGIES.indexOf(search.strategy),
        share,
        widening,
        sparseWidening,
        patience,
        settles,
        epsilon,
      ),
    )
  }
}

function ownCodes(codes: NativeGraphOptions['codes']): AddonCodes {
  if (codes instanceof AcceleratedCodes) return codes.addon
  throw new OmenError(
    'invalid_argument',
    'the codes of a graph must come from the same accelerator as the graph',
  )
}
