import type { SearchStrategy } from '@omen/core'
import type { CallOptions } from '../call-options.ts'
import type { Filter } from '../filter/filter.ts'
import type { Schema } from '../schema/field.ts'
import type { OutputFields, PayloadName, VectorName } from '../schema/infer.ts'

/** A vector to search by. */
export type QueryVector = Float32Array | readonly number[]

/** One vector field, and what is searched for in it. */
export type OneField<S extends Schema, Value> = {
  [K in VectorName<S>]: { readonly [P in K]: Value }
}[VectorName<S>]

/** What searches for one query and for many have in common. */
export interface SearchSettings<S extends Schema, K extends keyof S & string> extends CallOptions {
  /** Only rows that match. */
  readonly where?: Filter<S> | undefined
  /** Fields that hits have; all but vectors when left out. */
  readonly select?: readonly K[] | undefined
  /** Hits wanted, 10 when left out: so many come wherever so many match. */
  readonly limit?: number | undefined
  /** Closest hits to leave out, 0 when left out. */
  readonly offset?: number | undefined
  /** Candidates kept while graphs are walked: more find more of the true nearest, and take longer. */
  readonly beam?: number | undefined
  /** Whether every row that matches is compared, with no graph: the true nearest, in time that grows with the rows. */
  readonly exact?: boolean | undefined
  /** Only rows at this distance or closer, in the units of `distance`. */
  readonly within?: number | undefined
}

export interface SearchQuery<S extends Schema, K extends keyof S & string = PayloadName<S>>
  extends SearchSettings<S, K> {
  /** The field to search in, and the query. */
  readonly vector: OneField<S, QueryVector>
  /** Whether the result says how it was found. */
  readonly explain?: boolean | undefined
}

export interface SearchManyQuery<S extends Schema, K extends keyof S & string = PayloadName<S>>
  extends SearchSettings<S, K> {
  /** The field to search in, and the queries. */
  readonly vector: OneField<S, readonly QueryVector[]>
  /** Threads to use; all when left out. */
  readonly threads?: number | undefined
}

/** A row that was found. */
export type Hit<S extends Schema, K extends keyof S & string = PayloadName<S>> = {
  readonly id: string
  /** Larger is closer. cosine: the cosine; dot: the product; l2: 1 / (1 + distance). */
  readonly score: number
  /** Smaller is closer. cosine: 1 − cosine; dot: the product, negated; l2: the squared distance. */
  readonly distance: number
} & OutputFields<S, K>

export interface SearchResult<S extends Schema, K extends keyof S & string = PayloadName<S>> {
  /** Closest first. */
  readonly hits: Hit<S, K>[]
  /** How they were found, where that was asked for. */
  readonly explanation?: Explanation
}

/** How a search was made. */
export interface Explanation {
  /** The segments that were searched, the oldest first. */
  readonly segments: readonly SegmentExplanation[]
  /** Milliseconds that it took, without reading the fields of hits. */
  readonly timeMs: number
}

/** What a search did in one segment. */
export interface SegmentExplanation {
  readonly segment: number
  /** Rows that there were. */
  readonly rows: number
  /** Rows that matched the filter. */
  readonly matches: number
  /** `scan`: all rows that may be returned were compared; `graph`: a graph was walked. */
  readonly strategy: 'scan' | 'graph'
  /** How the graph went about it, where a graph was walked. */
  readonly walk?: WalkExplanation
  /** Rows of the graph that were compared exactly. */
  readonly candidates: number
  /** Rows that lie outside the graph, among which the accepted ones were compared exactly. */
  readonly scanned: number
}

/** How a search went about a graph. */
export interface WalkExplanation {
  readonly strategy: SearchStrategy
  /** Rows that may be returned; of those accepted, some may have been removed. */
  readonly matches: number
  /** About how many rows it compares by the codes that it walks by. */
  readonly distances: number
}

export interface MeasureRecallOptions<S extends Schema> extends CallOptions {
  /** The vector field; may be left out where there is one alone. */
  readonly field?: VectorName<S> | undefined
  /** Hits of each search, 10 when left out. */
  readonly k?: number | undefined
  /** Rows whose vectors are searched for, 100 when left out. */
  readonly samples?: number | undefined
  /** As in a search. */
  readonly beam?: number | undefined
  /** As in a search. */
  readonly where?: Filter<S> | undefined
}

export interface RecallMeasurement {
  /** Share of the true k nearest that searches found, from 0 to 1; a hit as close as the k-th counts. */
  readonly recall: number
  /** Searches that were compared. */
  readonly samples: number
}
