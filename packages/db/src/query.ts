import { checkWholeNumber, OmenError } from '@omen/core'
import { type CallOptions, checkOptionNames, signalOf } from './deadline.ts'
import { checkFilter } from './filter/check-filter.ts'
import type { CheckedFilter, Filter } from './filter/filter.ts'
import { Projection } from './read/projection.ts'
import type { CheckedSearch } from './read/search.ts'
import { copyVector } from './rows/vectors.ts'
import { type CheckedSchema, describe } from './schema/check-schema.ts'
import type { Schema, VectorField } from './schema/field.ts'
import type { OutputFields, PayloadName, VectorName } from './schema/infer.ts'

/** A vector to search by. */
export type QueryVector = Float32Array | readonly number[]

/** One vector field, and what is searched for in it. */
export type OneField<S extends Schema, Value> = {
  [K in VectorName<S>]: { readonly [P in K]: Value }
}[VectorName<S>]

interface SearchSettings<S extends Schema, K extends keyof S & string> extends CallOptions {
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

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 1_000_000
const SETTINGS = [
  'vector',
  'where',
  'select',
  'limit',
  'offset',
  'beam',
  'exact',
  'within',
  'signal',
  'timeoutMs',
]

/** A search that was checked, and what its hits look like. */
export interface CheckedQuery {
  readonly search: CheckedSearch
  /** How many queries there are. */
  readonly count: number
  readonly projection: Projection
}

/**
 * Checks a search for one query.
 *
 * @throws OmenError `invalid_argument`, `unknown_field`, `dimension_mismatch`, `not_finite`, `zero_vector`
 */
export function checkSearchQuery(schema: CheckedSchema, query: object): CheckedQuery {
  checkOptionNames('search', query, [...SETTINGS, 'explain'])
  const { field, name, value } = oneField(schema, query)
  const queries = new Float32Array(field.dimension)
  copyVector(field, value, queries, 0)
  return settingsOf(schema, query, name, field, queries, 1)
}

/** The same for several queries. */
export function checkSearchManyQuery(schema: CheckedSchema, query: object): CheckedQuery {
  checkOptionNames('searchMany', query, [...SETTINGS, 'threads'])
  const { field, name, value } = oneField(schema, query)
  if (!Array.isArray(value)) {
    throw new OmenError('invalid_argument', `searchMany takes an array of queries, got ${describe(value)}`)
  }
  const { dimension } = field
  const queries = new Float32Array(value.length * dimension)
  for (const [i, each] of value.entries()) copyVector(field, each, queries, i * dimension)
  return settingsOf(schema, query, name, field, queries, value.length)
}

function oneField(
  schema: CheckedSchema,
  query: { readonly vector?: unknown },
): { field: VectorField; name: string; value: unknown } {
  const names = [...schema.vectors.keys()]
  const { vector } = query
  if (typeof vector !== 'object' || vector === null || Array.isArray(vector)) {
    throw new OmenError(
      'invalid_argument',
      `a search needs a vector to search by, as { vector: { ${names[0] ?? 'field'}: query } }`,
    )
  }
  const entries = Object.entries(vector)
  const [name, value] = entries[0] ?? ['', undefined]
  if (entries.length !== 1) {
    throw new OmenError('invalid_argument', `a search goes by one vector field, got ${entries.length}`)
  }
  const field = schema.vectors.get(name)
  if (!field) {
    throw new OmenError(
      'unknown_field',
      `there is no vector field ${JSON.stringify(name)}: there are ${names.join(', ') || 'none at all'}`,
    )
  }
  return { field, name, value }
}

function settingsOf(
  schema: CheckedSchema,
  query: Omit<SearchSettings<Schema, string>, 'where'> & { where?: unknown; threads?: number | undefined },
  field: string,
  { metric }: VectorField,
  queries: Float32Array,
  count: number,
): CheckedQuery {
  const { limit = DEFAULT_LIMIT, offset = 0, beam, exact = false, within, where, threads } = query
  checkWholeNumber('limit', limit)
  if (!Number.isInteger(offset) || offset < 0) {
    throw new OmenError(
      'invalid_argument',
      `offset must be a whole number from 0 on, got ${describe(offset)}`,
    )
  }
  if (limit + offset > MAX_LIMIT) {
    throw new OmenError('invalid_argument', `limit and offset together are at most ${MAX_LIMIT}`)
  }
  if (beam !== undefined) checkWholeNumber('beam', beam)
  if (typeof exact !== 'boolean') {
    throw new OmenError('invalid_argument', `exact is true or false, got ${describe(exact)}`)
  }
  if (threads !== undefined) checkWholeNumber('threads', threads)
  if (within !== undefined && (typeof within !== 'number' || Number.isNaN(within))) {
    throw new OmenError('invalid_argument', `within must be a distance, got ${describe(within)}`)
  }
  return {
    search: {
      field,
      metric,
      queries,
      where: checkWhere(schema, where),
      limit,
      offset,
      beam,
      exact,
      radius: within,
      threads,
      signal: signalOf(query),
    },
    count,
    projection: new Projection(schema, query.select),
  }
}

/** Checks a filter; undefined stands for every row. */
export function checkWhere(schema: CheckedSchema, where: unknown): CheckedFilter | undefined {
  const filter = checkFilter(schema, where)
  return filter.kind === 'and' && filter.filters.length === 0 ? undefined : filter
}
