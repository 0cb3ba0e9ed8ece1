import {
  Bitset,
  checkWholeNumber,
  none,
  OmenError,
  type SearchManyOptions,
  type SearchOptions,
  type SearchResult,
  TopK,
  throwIfAborted,
} from '@omen/core'
import type { Hnsw } from '@omen/hnsw'
import type { VectorField } from '@omen/schema'
import type { FieldVectors } from './field-vectors.ts'
import type { SegmentHits, SegmentPlan, SegmentSearchMany } from './segment.ts'

/** What finds the vectors of one field of a segment. */
export interface SearchableField {
  readonly field: VectorField
  readonly vectors: FieldVectors
  /** Finds the slots below `linked`, and perhaps some that are being linked now; the slots from there on are scanned. */
  readonly graph: Hnsw | undefined
  readonly linked: number
}

/** Candidates compared exactly for each hit wanted, and the fewest: what makes up for lossy codes. */
const RESCORE_FACTOR = 4
const MIN_RESCORE = 32
/** The same for codes of a byte a component or more: more find no other hits, and each must be waited for. */
const FINE_RESCORE_FACTOR = 2
const MIN_FINE_RESCORE = 16
/** Candidates that a radius search begins with; it goes on with twice as many while most of them lie within. */
const FIRST_WITHIN = 64

/** A search with every default filled in, in slots. */
interface SlotSearch {
  readonly k: number
  readonly beam: number | undefined
  /** Candidates that are compared exactly. */
  readonly rescored: number
  readonly radius: number
  /** Slots that may be returned lie below this one. */
  readonly limit: number
  readonly accept: Bitset | undefined
  readonly threads: number
  readonly signal: AbortSignal | undefined
  readonly explain: boolean
}

/**
 * Answers queries from a graph and an exact scan of what is not in it yet, by exact distances.
 *
 * @param queries valid queries, one after another: borrowed until the promise settles
 * @param rows rows of the segment that the search may return
 * @param threads threads for a scan
 * @throws OmenError `invalid_argument` naming the option, `aborted`, `closed`
 */
export function searchField(
  field: SearchableField,
  queries: Float32Array,
  options: SegmentSearchMany,
  rows: number,
  threads: number,
): Promise<SegmentHits[]> {
  const search = checkOptions(field, options, rows, threads)
  const { dimension } = field.vectors.shape
  const { graph } = field
  if (options.exact || !graph || field.linked === 0 || search.limit === 0)
    return scanAll(field, queries, search)
  // How many candidates hold a radius differs from query to query.
  return search.radius !== Infinity && queries.length > dimension
    ? searchOneByOne(field, graph, queries, search)
    : searchGraph(field, graph, queries, search)
}

async function searchOneByOne(
  field: SearchableField,
  graph: Hnsw,
  queries: Float32Array,
  search: SlotSearch,
): Promise<SegmentHits[]> {
  const { dimension } = field.vectors.shape
  const hits: SegmentHits[] = []
  for (let at = 0; at < queries.length; at += dimension) {
    hits.push(...(await searchGraph(field, graph, queries.subarray(at, at + dimension), search)))
  }
  return hits
}

function checkOptions(
  searchable: SearchableField,
  options: SegmentSearchMany,
  rows: number,
  threads: number,
): SlotSearch {
  const { vectors, linked } = searchable
  const { radius = Infinity, accept, signal, beam, rescore, explain = false } = options
  const k = checkWholeNumber('k', options.k)
  if (beam !== undefined) checkWholeNumber('beam', beam)
  if (rescore !== undefined) checkWholeNumber('rescore', rescore)
  if (typeof radius !== 'number' || Number.isNaN(radius)) {
    throw new OmenError('invalid_argument', `radius must be a number, got ${String(radius)}`)
  }
  throwIfAborted(signal)
  const limit = vectors.slots.below(Math.min(rows, options.rows ?? rows))
  const rescored = rescore ?? candidatesFor(searchable, k)
  return {
    k,
    beam,
    rescored: Math.max(k, Math.min(rescored, beam ?? Infinity)),
    radius: Math.fround(radius),
    limit,
    accept: acceptedBelow(limit, accept && vectors.slots.accepted(accept), linked),
    threads: options.threads ?? threads,
    signal,
    explain,
  }
}

/** How many candidates to compare exactly for k hits. */
function candidatesFor({ field, graph }: SearchableField, k: number): number {
  if (field.quantizer.name === none().name) return k
  const fine = graph !== undefined && graph.bitsPerComponent >= 8
  return fine
    ? Math.max(MIN_FINE_RESCORE, FINE_RESCORE_FACTOR * k)
    : Math.max(MIN_RESCORE, RESCORE_FACTOR * k)
}

/** Leaves out the slots of a graph that a snapshot does not know yet. */
function acceptedBelow(limit: number, accept: Bitset | undefined, linked: number): Bitset | undefined {
  if (accept) return accept.length <= limit ? accept : Bitset.fromWords(accept.words, limit)
  return linked <= limit ? undefined : Bitset.full(limit)
}

async function scanAll(
  { vectors }: SearchableField,
  queries: Float32Array,
  search: SlotSearch,
): Promise<SegmentHits[]> {
  const found = await vectors.scan(queries, { ...search, from: 0, to: search.limit })
  const plan: SegmentPlan = { strategy: 'scan', candidates: 0, scanned: search.limit }
  return found.map((each) => hitsOf(vectors, each, plan))
}

async function searchGraph(
  field: SearchableField,
  graph: Hnsw,
  queries: Float32Array,
  search: SlotSearch,
): Promise<SegmentHits[]> {
  const { vectors, linked } = field
  const { dimension } = vectors.shape
  const { limit } = search
  // Slots at and beyond `linked` that the graph knows already are met by the scan too, and counted there.
  const end = Math.min(linked, limit)
  const walking = walk(field, graph, queries, search)
  const [walked, tails] =
    end < limit
      ? await Promise.all([walking, vectors.scan(queries, { ...search, from: end, to: limit })])
      : [await walking]
  const hits: SegmentHits[] = []
  for (const [i, rows] of walked.entries()) {
    const query = queries.subarray(i * dimension, (i + 1) * dimension)
    const within = search.radius === Infinity ? rows : await widen(field, graph, query, rows, search)
    const found = settle(field, graph, within, tails?.[i], end, search)
    hits.push(found ?? ((await scanAll(field, query, search))[0] as SegmentHits))
  }
  return hits
}

/** The graph's rows for each query, at exact distances. */
function walk(
  { vectors, linked }: SearchableField,
  graph: Hnsw,
  queries: Float32Array,
  search: SlotSearch,
): Promise<SearchResult[]> {
  const options = walkOptions(search, graph.size > linked)
  return queries.length === vectors.shape.dimension
    ? graph.search(queries, options).then((found) => [found])
    : walkMany(graph, queries, { ...options, threads: search.threads })
}

async function walkMany(
  graph: Hnsw,
  queries: Float32Array,
  options: SearchManyOptions,
): Promise<SearchResult[]> {
  const { k } = options
  const { rows, distances, counts } = await graph.searchMany(queries, options)
  return Array.from(counts, (count, i) => ({
    rows: rows.subarray(i * k, i * k + count),
    distances: distances.subarray(i * k, i * k + count),
  }))
}

/**
 * What a graph is asked first.
 *
 * @param growing whether some of what it finds may have to be left out again
 */
function walkOptions(
  { beam, accept, radius, k, rescored, signal }: SlotSearch,
  growing: boolean,
): SearchOptions {
  const wanted = radius === Infinity ? (growing ? rescored : k) : Math.min(rescored, FIRST_WITHIN)
  const options: Writable<SearchOptions> = { k: wanted, rescore: rescored }
  if (beam) options.beam = beam
  if (accept) options.accept = accept
  if (signal) options.signal = signal
  return options
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const NOTHING: SearchResult = { rows: new Uint32Array(0), distances: new Float32Array(0) }

/** What a graph found within a radius. Lossy codes cannot say where it ends: enough candidates beyond it can. */
async function widen(
  field: SearchableField,
  graph: Hnsw,
  query: Float32Array,
  walked: SearchResult,
  search: SlotSearch,
): Promise<SearchResult> {
  let found = walked
  for (
    let k = FIRST_WITHIN;
    k < search.rescored && found.rows.length >= k && mostWithin(found.distances, search.radius);
  ) {
    k = Math.min(2 * k, search.rescored)
    const wider = { ...search, radius: Infinity, k, rescored: k }
    found = (await walk(field, graph, query, wider))[0] as SearchResult
  }
  return found
}

/** Merges what a graph and a scan found for one query. Undefined where that is fewer rows than there are to be found. */
function settle(
  field: SearchableField,
  graph: Hnsw,
  walked: SearchResult,
  tail: SearchResult | undefined,
  end: number,
  search: SlotSearch,
): SegmentHits | undefined {
  const { radius, limit } = search
  const found = closest(walked, tail ?? NOTHING, end, search)
  if (radius === Infinity && found.rows.length < search.k && found.rows.length < matching(search))
    return undefined
  const plan: SegmentPlan = { strategy: 'graph', candidates: walked.rows.length, scanned: limit - end }
  const walk = search.explain ? graph.plan(walkOptions(search, false)) : undefined
  return hitsOf(field.vectors, found, walk ? { ...plan, walk } : plan)
}

/** The closest of what a graph found below slot `end`, and a scan from there on. */
function closest(
  walked: SearchResult,
  tail: SearchResult,
  end: number,
  { k, radius }: SlotSearch,
): SearchResult {
  const { rows, distances } = walked
  // Most segments are linked wholly.
  if (tail === NOTHING && radius === Infinity && rows.length <= k && rows.every((slot) => slot < end)) {
    return walked
  }
  const top = new TopK(Math.min(k, rows.length + tail.rows.length))
  for (let i = 0; i < rows.length; i++) {
    const slot = rows[i] as number
    const distance = distances[i] as number
    if (slot < end && distance <= radius) top.push(distance, slot)
  }
  for (let i = 0; i < tail.rows.length; i++) top.push(tail.distances[i] as number, tail.rows[i] as number)
  return top.take()
}

/** Whether fewer than a quarter of the candidates lie beyond the radius. */
function mostWithin(distances: Float32Array, radius: number): boolean {
  let beyond = 0
  for (const distance of distances) if (distance > radius) beyond++
  return beyond * 4 < distances.length
}

/** How many slots a search could return. */
function matching({ accept, limit }: SlotSearch): number {
  return accept ? accept.count() : limit
}

function hitsOf(vectors: FieldVectors, { rows, distances }: SearchResult, plan: SegmentPlan): SegmentHits {
  vectors.slots.toRows(rows)
  return { rows, distances, plan }
}
