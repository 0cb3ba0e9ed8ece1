import { SEARCH_STRATEGIES, type SearchStrategy } from './accelerator.ts'
import { Bitset } from './bitset.ts'
import { OmenError, throwIfAborted } from './errors.ts'
import { countVectors, type Shape, type Vectors } from './metric.ts'
import type { SearchManyOptions } from './vector-index.ts'

/** Search options after checking, with every default filled in. */
export interface CheckedSearch {
  readonly k: number
  /** At least k; with a radius as asked, since it may hold far fewer rows than k. */
  readonly beam: number
  /** Infinity: walks end by their beam alone. */
  readonly epsilon: number
  /** At least k. */
  readonly rescore: number
  /** As in `SearchDefaults`. */
  readonly settles: boolean
  readonly accept: Bitset | undefined
  /** Undefined: as the index chooses. */
  readonly strategy: SearchStrategy | undefined
  /** A value of f32, as distances are; Infinity for no limit. */
  readonly radius: number
  readonly signal: AbortSignal | undefined
  /** Undefined: all that the pool has. */
  readonly threads: number | undefined
}

/** What a search does that does not say. */
export interface SearchDefaults {
  readonly beam: number
  /** None when left out, and where the caller gave a beam. */
  readonly epsilon?: number | undefined
  readonly rescore: number
  /**
   * Whether a filtered walk may end before it is as wide as `beam` says, when the closest have not changed for long; false
   * when left out, and where the caller gave a beam.
   */
  readonly settles?: boolean
}

/** Result places of one batch search: two arrays of 1 GiB. */
export const MAX_BATCH_RESULTS: number = 2 ** 28

const KNOWN: ReadonlySet<string> = new Set([
  'k',
  'beam',
  'epsilon',
  'rescore',
  'recall',
  'accept',
  'strategy',
  'radius',
  'signal',
  'threads',
])

/**
 * Checks what a caller asks of a search and fills in the defaults.
 *
 * @param defaults `beam`, `epsilon` and `rescore` of an index for a search that does not name them, or how they follow from
 * `k` and `recall`
 * @throws OmenError `invalid_argument` naming the option; `aborted` when the signal has fired already; what `defaults`
 * throws
 */
export function checkSearch(
  options: SearchManyOptions,
  defaults: SearchDefaults | ((k: number, recall: number | undefined) => SearchDefaults),
): CheckedSearch {
  if (typeof options !== 'object' || options === null) {
    throw new OmenError('invalid_argument', 'a search needs options, at least { k }')
  }
  // A misspelt option that is silently ignored costs its user an afternoon.
  for (const name in options) {
    if (!KNOWN.has(name)) {
      throw new OmenError(
        'invalid_argument',
        `unknown search option ${name}: there are ${[...KNOWN].join(', ')}`,
      )
    }
  }
  const { accept, strategy, radius = Infinity, signal } = options
  const k = checkWholeNumber('k', options.k)
  const { beam, epsilon, rescore, settles } = checkEffort(options, k, defaults)
  const threads = options.threads === undefined ? undefined : checkWholeNumber('threads', options.threads)
  if (typeof radius !== 'number' || Number.isNaN(radius)) {
    throw new OmenError('invalid_argument', `radius must be a number, got ${String(radius)}`)
  }
  if (accept !== undefined && !(accept instanceof Bitset)) {
    throw new OmenError('invalid_argument', 'accept must be a Bitset')
  }
  if (strategy !== undefined && !SEARCH_STRATEGIES.includes(strategy)) {
    throw new OmenError(
      'invalid_argument',
      `strategy must be one of ${SEARCH_STRATEGIES.join(', ')}, got ${String(strategy)}`,
    )
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new OmenError('invalid_argument', 'signal must be an AbortSignal')
  }
  throwIfAborted(signal)
  return {
    k,
    beam: radius === Infinity ? Math.max(k, beam) : beam,
    epsilon,
    rescore: Math.max(k, rescore),
    settles,
    accept,
    strategy,
    radius: Math.fround(radius),
    signal,
    threads,
  }
}

/** How hard a search tries. */
function checkEffort(
  { beam, epsilon, rescore, recall }: SearchManyOptions,
  k: number,
  defaults: Parameters<typeof checkSearch>[1],
): Pick<CheckedSearch, 'beam' | 'epsilon' | 'rescore' | 'settles'> {
  if (recall !== undefined) {
    checkRecall(recall)
    if (beam !== undefined || epsilon !== undefined || rescore !== undefined) {
      throw new OmenError(
        'invalid_argument',
        'recall stands in place of beam, epsilon and rescore: give it or them',
      )
    }
  }
  if (epsilon !== undefined && !(typeof epsilon === 'number' && epsilon >= 0)) {
    throw new OmenError('invalid_argument', `epsilon must be a number from 0 on, got ${String(epsilon)}`)
  }
  const usual = typeof defaults === 'function' ? defaults(k, recall) : defaults
  return {
    beam: beam === undefined ? usual.beam : checkWholeNumber('beam', beam),
    epsilon: epsilon ?? (beam === undefined ? usual.epsilon : undefined) ?? Infinity,
    rescore: rescore === undefined ? usual.rescore : checkWholeNumber('rescore', rescore),
    settles: beam === undefined && usual.settles === true,
  }
}

/**
 * Checks that a recall is a number above 0 and at most 1, and returns it.
 *
 * @throws OmenError `invalid_argument`
 */
export function checkRecall(recall: number): number {
  if (!(typeof recall === 'number' && recall > 0 && recall <= 1)) {
    throw new OmenError('invalid_argument', `recall must be above 0 and at most 1, got ${String(recall)}`)
  }
  return recall
}

/**
 * Checks that a query is one vector of the shape, by type and length; its values are checked when it is prepared.
 *
 * @throws OmenError `invalid_argument` for a wrong array type, `dimension_mismatch` for a wrong length
 */
export function checkQuery(query: Vectors, shape: Shape): void {
  const count = countVectors(query, shape)
  if (count !== 1) {
    throw new OmenError(
      'dimension_mismatch',
      `a query is one vector of dimension ${shape.dimension}, got ${count}: use searchMany for several`,
    )
  }
}

/**
 * Counts the queries of a batch search and checks that its results can be held.
 *
 * @throws OmenError `invalid_argument`, `dimension_mismatch` as `countVectors`; `invalid_argument` for too many results
 */
export function countQueries(queries: Vectors, shape: Shape, k: number): number {
  const count = countVectors(queries, shape)
  if (count * k > MAX_BATCH_RESULTS) {
    throw new OmenError(
      'invalid_argument',
      `${count} queries of k = ${k} need more than 2^28 result places: search in smaller batches`,
    )
  }
  return count
}

const MAX_WHOLE_NUMBER = 0xffffffff

/**
 * Checks that an option is a whole number from 1 to 2^32 − 1, and returns it.
 *
 * @throws OmenError `invalid_argument` naming the option
 */
export function checkWholeNumber(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > MAX_WHOLE_NUMBER) {
    throw new OmenError('invalid_argument', `${name} must be a whole number from 1 on, got ${String(value)}`)
  }
  return value
}
