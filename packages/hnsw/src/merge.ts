import {
  type Accelerator,
  type AddOptions,
  type Bitset,
  type Codec,
  elementsPerVector,
  NO_ROW,
  OmenError,
  type Slab,
  Turns,
  trainCodec,
  type Vectors,
} from '@omen/core'
import { AddRun } from './add-run.ts'
import { compact } from './compact.ts'
import type { Run } from './engine.ts'
import { ALIVE, SLABS, UPPER_BLOCKS } from './graph.ts'
import { type MergePlan, planMerge } from './merge-plan.ts'
import { checkOptions, type HnswOptions, type Settings } from './options.ts'
import { codecsOf, makeParts, type Parts, storedCodes } from './parts.ts'

/** An index that is to be merged, or rows without a usable one. */
export interface MergeSource<Index> {
  /** It may be read-only, must not change meanwhile, and may lack rows that are live; left out: its rows are linked anew. */
  readonly index?: Index
  /** Rows ever given out. */
  readonly rows: number
  /** Rows to take over. */
  readonly live: Bitset
}

export interface HnswMergeOptions<Index> extends AddOptions, Pick<HnswOptions, 'quantizer' | 'keep'> {
  /** At least one has an index: the largest says how the result is built, and by what codes, unless `quantizer` is given. */
  readonly sources: readonly MergeSource<Index>[]
  /**
   * Gives the raw vectors of some rows of a source: rows x dimension, in their order. They are borrowed until it is called
   * again.
   */
  readonly vectors: (source: number, rows: Uint32Array) => Vectors | Promise<Vectors>
  /** Where rows go; `planMerge` of the sources when left out. Given where several indexes over the same rows must agree. */
  readonly plan?: MergePlan
}

/** What a source's index consists of. */
export interface MergeParts {
  readonly settings: Settings
  readonly parts: Parts | undefined
}

/** Vectors that quantizers learn from: training holds the event loop, some ten milliseconds for so many of 128 dimensions. */
const SAMPLE_VECTORS = 4096
/** Rows fetched, encoded and linked at a time. */
const ROWS_PER_BATCH = 4096
/** Bytes copied at a time, a fraction of a millisecond. */
const BYTES_PER_COPY = 2 ** 20
/** Rows looked at before the clock is. */
const ROWS_PER_CHECK = 4096

/**
 * Makes the parts of a new index out of those of others: the base's graph with its dead rows taken out and healed, and
 * every other row linked into it.
 *
 * @param parts those of each source, by its place
 * @throws OmenError `invalid_argument`, `aborted`, and for a vector that is refused
 */
export async function mergeParts(
  options: HnswMergeOptions<unknown>,
  parts: readonly (MergeParts | undefined)[],
  threads: number,
): Promise<{ settings: Settings; parts: Parts | undefined; plan: MergePlan }> {
  const { sources } = options
  const plan =
    options.plan ?? planMerge(sources.map((each) => ({ ...each, usable: each.index !== undefined })))
  const base = plan.base === undefined ? undefined : parts[plan.base]
  const settings = settingsOf(base ?? largest(options, parts), options)
  if (plan.rows === 0) return { settings, parts: undefined, plan }
  const merge = new Merge(options, plan, settings, base?.parts, threads)
  return { settings, parts: await merge.run(), plan }
}

function largest(
  { sources }: HnswMergeOptions<unknown>,
  parts: readonly (MergeParts | undefined)[],
): MergeParts {
  let found: MergeParts | undefined
  let most = -1
  for (const [i, each] of parts.entries()) {
    const count = sources[i]?.live.count() ?? 0
    if (each && count > most) {
      found = each
      most = count
    }
  }
  if (found) return found
  throw new OmenError('invalid_argument', 'a merge needs an index among its sources: build one in its place')
}

/** The settings of the result: new quantizers in place of the old where they are given. */
function settingsOf(
  { settings: given }: MergeParts,
  { quantizer, keep }: HnswMergeOptions<unknown>,
): Settings {
  // Rows have other numbers now than in the codes that a source rescores by.
  const settings = { ...given, rescoreBy: undefined }
  if (!quantizer) return settings
  const { quantizer: checked, keep: kept } = checkOptions({
    ...settings.shape,
    quantizer,
    ...(keep === undefined ? {} : { keep }),
    accelerator: null,
  })
  return { ...settings, quantizer: checked, keep: kept }
}

/** One merge while it runs. */
class Merge {
  readonly #options: HnswMergeOptions<unknown>
  readonly #plan: MergePlan
  readonly #settings: Settings
  readonly #base: Parts | undefined
  readonly #run: AddRun
  readonly #turns: Turns = new Turns()
  #done = 0

  constructor(
    options: HnswMergeOptions<unknown>,
    plan: MergePlan,
    settings: Settings,
    base: Parts | undefined,
    threads: number,
  ) {
    this.#options = options
    this.#plan = plan
    this.#settings = settings
    this.#base = base
    this.#run = new AddRun(options, plan.rows, threads, () => false)
  }

  async run(): Promise<Parts> {
    this.#run.check()
    const [codec, exactCodec] = await this.#codecs()
    const parts = makeParts(this.#settings, codec, exactCodec)
    const { graph } = parts
    const stays = this.#base ? await this.#takeOver(this.#base, parts) : new Uint8Array(0)
    await graph.resize(this.#plan.rows)
    for (const { slab } of storedCodes(parts)) slab.ensure(graph.rows)
    for (const [source, { rows, live }] of this.#options.sources.entries()) {
      const anew: number[] = []
      for (let row = 0; row < rows; row++) {
        if (row % ROWS_PER_CHECK === 0) await this.#pause()
        if (live.has(row) && !(source === this.#plan.base && stays[row] === 1)) anew.push(row)
      }
      await this.#add(source, Uint32Array.from(anew), parts)
    }
    graph.findFreeRows()
    return parts
  }

  /** The codecs of the result: the base's, unless there are to be others. */
  async #codecs(): Promise<[Codec, Codec | undefined]> {
    if (this.#base && !this.#options.quantizer) return codecsOf(this.#base)
    const { quantizer, keep, shape } = this.#settings
    const sample = await this.#sample()
    return [trainCodec(quantizer, sample, shape), keep && trainCodec(keep, sample, shape)]
  }

  /** Vectors spread over all live rows. */
  async #sample(): Promise<Vectors> {
    const every = Math.max(1, this.#plan.rows / SAMPLE_VECTORS)
    const pieces: Vectors[] = []
    let seen = 0
    let next = 0
    for (const [source, { rows, live }] of this.#options.sources.entries()) {
      const chosen: number[] = []
      for (let row = 0; row < rows; row++) {
        if (row % ROWS_PER_CHECK === 0) await this.#pause()
        if (!live.has(row) || seen++ < next) continue
        chosen.push(row)
        next += every
      }
      for (const batch of batches(Uint32Array.from(chosen)))
        pieces.push((await this.#fetch(source, batch)).slice())
      await this.#pause()
    }
    const first = pieces[0] as Vectors
    const all = new (first.constructor as new (length: number) => Vectors)(
      pieces.reduce((sum, { length }) => sum + length, 0),
    )
    let at = 0
    for (const piece of pieces) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }

  async #fetch(source: number, rows: Uint32Array): Promise<Vectors> {
    const vectors = await this.#options.vectors(source, rows)
    const expected = rows.length * elementsPerVector(this.#settings.shape)
    if (vectors.length === expected) return vectors
    throw new OmenError(
      'invalid_argument',
      `vectors gave ${vectors.length} elements for ${rows.length} rows of source ${source}, not ${expected}`,
    )
  }

  /**
   * Copies the base, and heals it of the rows that do not stay.
   *
   * @returns 1 for each row of the base that stays
   */
  async #takeOver(base: Parts, parts: Parts): Promise<Uint8Array> {
    const { graph } = parts
    const { rows } = base.graph
    const source = this.#plan.base as number
    const mapping = this.#plan.mapping[source] as Uint32Array
    const { live } = this.#options.sources[source] as MergeSource<unknown>
    graph.head.set(base.graph.head)
    for (const name of SLABS) {
      const count = name === 'upper' ? (graph.head[UPPER_BLOCKS] as number) : rows
      await this.#copy(base.graph[name], graph[name], count)
    }
    const stays = new Uint8Array(mapping.length)
    for (let row = 0; row < rows; row++) {
      if (row % ROWS_PER_CHECK === 0) await this.#pause()
      if (graph.stateOf(row) !== ALIVE) continue
      // Twins are rows of the same codes: by new codes they may not be.
      const twin = this.#options.quantizer !== undefined && !graph.isLinked(row)
      if (mapping[row] === row && live.has(row) && !twin) stays[row] = 1
      else graph.bury(row)
    }
    await this.#takeOverCodes(base, parts, stays)
    const { threads, background, stopped } = this.#run
    const run: Run = { threads, background, stopped }
    if (graph.removed > 0 && !(await compact(graph, parts.engine, run, async () => undefined)))
      this.#run.check()
    this.#report(graph.alive)
    return stays
  }

  async #takeOverCodes(base: Parts, parts: Parts, stays: Uint8Array): Promise<void> {
    const { rows } = base.graph
    const from = storedCodes(base)
    if (!this.#options.quantizer) {
      for (const [i, { slab }] of storedCodes(parts).entries())
        await this.#copy((from[i] ?? from[0]).slab, slab, rows)
      return
    }
    // Links are healed by the new codes: rows that do not stay need no codes for that.
    for (const { slab } of storedCodes(parts)) slab.ensure(rows)
    const kept: number[] = []
    for (let row = 0; row < stays.length; row++) if (stays[row] === 1) kept.push(row)
    for (const batch of batches(Uint32Array.from(kept))) {
      await this.#encode(await this.#fetch(this.#plan.base as number, batch), batch, parts)
    }
  }

  async #copy(from: Slab, to: Slab, rows: number): Promise<void> {
    to.ensure(rows)
    const targets = to.parts(rows)
    for (const part of from.parts(rows)) {
      const target = targets.next().value as Uint8Array
      for (let at = 0; at < part.length; at += BYTES_PER_COPY) {
        const [piece, room] = [part, target].map((each) => each.subarray(at, at + BYTES_PER_COPY))
        await copyBytes(piece as Uint8Array, room as Uint8Array, this.#settings.accelerator)
        await this.#pause()
      }
    }
  }

  /** Encodes and links rows that are not in the graph yet. */
  async #add(source: number, rows: Uint32Array, parts: Parts): Promise<void> {
    const mapping = this.#plan.mapping[source] as Uint32Array
    for (const batch of batches(rows)) {
      const targets = batch.map((row) => mapping[row] ?? NO_ROW)
      await this.#encode(await this.#fetch(source, batch), targets, parts)
      parts.graph.enliven(targets)
      const before = this.#done
      const { threads, background, stopped } = this.#run
      const run: Run = {
        threads,
        background,
        stopped,
        report: (done) => this.#report(before + done),
      }
      if ((await parts.engine.insert(targets, run)) < targets.length) this.#run.check()
      this.#report(before + targets.length)
    }
  }

  async #encode(vectors: Vectors, rows: Uint32Array, parts: Parts): Promise<void> {
    for (const codes of storedCodes(parts)) await codes.encode(vectors, rows, this.#run)
    this.#run.check()
  }

  #report(done: number): void {
    this.#done = done
    this.#run.report(done)
  }

  /** Lets the event loop have its turn where it is due; throws where the merge must end. */
  async #pause(): Promise<void> {
    if (this.#turns.due) await this.#turns.take()
    this.#run.check()
  }
}

function* batches(rows: Uint32Array): Generator<Uint32Array, void, undefined> {
  for (let from = 0; from < rows.length; from += ROWS_PER_BATCH) yield rows.slice(from, from + ROWS_PER_BATCH)
}

/** Copies bytes that may lie in a mapped file: to read them may mean to wait for a disk. */
async function copyBytes(
  from: Uint8Array,
  to: Uint8Array,
  accelerator: Accelerator | undefined,
): Promise<void> {
  if (accelerator) await accelerator.copy(from, to)
  else to.set(from)
}
