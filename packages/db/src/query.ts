import { checkWholeNumber, OmenError } from '@omen/core'
import type { Schema, SearchSettings, VectorField } from '@omen/schema'
import {
  type CheckedFilter,
  type CheckedSchema,
  checkFilter,
  checkOptionNames,
  copyVector,
  describe,
  signalOf,
} from '@omen/schema/check'
import { Projection } from './read/projection.ts'
import { takeQuery } from './read/query-vectors.ts'
import type { CheckedSearch } from './read/search.ts'

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
const SEARCH_OPTIONS = [...SETTINGS, 'explain']
const SEARCH_MANY_OPTIONS = [...SETTINGS, 'threads']

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
  checkOptionNames('search', query, SEARCH_OPTIONS)
  const { field, name, value } = oneField(schema, query)
  const queries = takeQuery(field.dimension)
  copyVector(field, value, queries, 0)
  return settingsOf(schema, query, name, field, queries, 1)
}

/** The same for several queries. */
export function checkSearchManyQuery(schema: CheckedSchema, query: object): CheckedQuery {
  checkOptionNames('searchMany', query, SEARCH_MANY_OPTIONS)
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
  const { vector } = query
  if (typeof vector !== 'object' || vector === null || Array.isArray(vector)) {
    throw new OmenError(
      'invalid_argument',
      `a search needs a vector to search by, as { vector: { ${vectorNames(schema)[0] ?? 'field'}: query } }`,
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
      `there is no vector field ${JSON.stringify(name)}: there are ${vectorNames(schema).join(', ') || 'none at all'}`,
    )
  }
  return { field, name, value }
}

function vectorNames({ vectors }: CheckedSchema): string[] {
  return [...vectors.keys()]
}

function settingsOf(
  schema: CheckedSchema,
  query: Omit<SearchSettings<Schema, string>, 'where'> & { where?: unknown; threads?: number | undefined },
  field: string,
  { metric }: VectorField,
  queries: Float32Array,
  count: number,
): CheckedQuery {
  const { limit = DEFAULT_LIMIT, offset = 0, beam, within, where, threads } = query
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
  const exact = checkFlag('exact', query.exact)
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

/** Checks an option that is false when left out. @throws OmenError `invalid_argument` naming it */
export function checkFlag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw new OmenError('invalid_argument', `${name} is true or false, got ${describe(value)}`)
}

/** Checks a filter; undefined stands for every row. */
export function checkWhere(schema: CheckedSchema, where: unknown): CheckedFilter | undefined {
  const filter = checkFilter(schema, where)
  return filter.kind === 'and' && filter.filters.length === 0 ? undefined : filter
}
