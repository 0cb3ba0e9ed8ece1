import { type Filter, OmenError, type Schema, type SearchManyQuery, type SearchQuery } from '@omen/db'
import { vectorFieldNames } from '@omen/schema'
import { borrowedVectorOf } from '@omen/wire'
import type { LimitsConfig } from '../config/config.ts'
import { parseJson } from '../http/json-body.ts'
import { checkFilterSize } from '../limits/filter-size.ts'
import { namesOf, SNAPSHOT_PARAMETER, type SnapshotQuery } from './reads.ts'
import { COLLECTION, type JsonSchema, ofCollection, type Parameter, type Route, route } from './route.ts'
import {
  array,
  BOOLEAN,
  COUNT,
  described,
  FILTER,
  HIT,
  type Inputs,
  NUMBER,
  object,
  STRING,
  VECTOR,
} from './schemas.ts'
import { reading, type Services } from './services.ts'

type Body<Query> = Omit<Query, 'signal'>

/** Settings of a search that come in a query string, beside a vector as bytes. */
interface VectorQuery extends SnapshotQuery {
  readonly field?: string
  readonly limit?: number
  readonly offset?: number
  readonly beam?: number
  readonly exact?: boolean
  readonly within?: number
  readonly explain?: boolean
  readonly select?: string
  readonly where?: string
}

const WALK = object({ strategy: STRING, matches: COUNT, distances: NUMBER })

const EXPLANATION = object({
  timeMs: NUMBER,
  segments: array(
    object(
      {
        ...{ segment: COUNT, rows: COUNT, matches: COUNT, candidates: COUNT, scanned: COUNT },
        strategy: { enum: ['scan', 'graph'] },
        walk: WALK,
      },
      ['segment', 'rows', 'matches', 'strategy', 'candidates', 'scanned'],
    ),
  ),
})

const RESULT = object({ hits: array(HIT), explanation: EXPLANATION }, ['hits'])

/** One vector field, and what is searched for in it. */
function oneField(value: JsonSchema): JsonSchema {
  return { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: value }
}

/** Routes that find rows by vectors. */
export function searchRoutes(services: Services, inputs: Inputs): Route[] {
  const { limits } = services.config
  const settings = {
    ...{ where: FILTER, select: inputs.select, limit: inputs.limit, offset: inputs.offset },
    ...{ beam: inputs.beam, timeoutMs: inputs.timeoutMs },
    exact: described(BOOLEAN, 'Whether every row that matches is compared.'),
    within: described(NUMBER, 'Only rows at this distance or closer.'),
  }
  const settingsOf = settingsReader(limits)
  const common = { tag: 'Searching', access: 'read', load: 'work', errors: [404] } as const
  const routes: Route[] = [
    route<Body<SearchQuery<Schema>> | Buffer, VectorQuery>({
      ...common,
      ...{ id: 'search', method: 'POST', path: ofCollection('/search') },
      summary: 'Find the rows whose vectors are nearest to a query',
      description:
        'The body is a query, or, as application/octet-stream, the components of the vector to search by as little-endian ' +
        'f32, with everything else in the query string: the quickest way.',
      query: { ...SNAPSHOT_PARAMETER, ...vectorParameters(inputs) },
      body: {
        kind: 'document or vector',
        schema: object({ ...settings, vector: oneField(VECTOR), explain: BOOLEAN }, ['vector']),
      },
      reply: { kind: 'document', schema: RESULT },
      handle: async (call) => {
        const queryFor = Buffer.isBuffer(call.body)
          ? vectorQuery(call.body, settingsOf(call.query))
          : documentQuery(call.body, limits)
        // A search for one vector heeds a signal when it is over, which costs less to see here than to tell it.
        const result = await reading(
          services,
          call.params[COLLECTION] as string,
          call.query.snapshot,
          (reader) => reader.search(queryFor(reader.schema)),
        )
        call.visit.throwIfEnded()
        return result
      },
    }),
    route<Body<SearchManyQuery<Schema>>, SnapshotQuery>({
      ...common,
      ...{ id: 'searchMany', method: 'POST', path: ofCollection('/search-many') },
      summary: 'Search for many queries at once',
      query: SNAPSHOT_PARAMETER,
      body: {
        kind: 'document',
        schema: object(
          {
            ...settings,
            vector: oneField(array(VECTOR, { maxItems: limits.batch })),
            threads: { type: 'integer', minimum: 1, maximum: 1024 },
          },
          ['vector'],
        ),
      },
      reply: { kind: 'document', schema: object({ results: array(object({ hits: array(HIT) })) }) },
      handle: async ({ body, params, query, visit }) => {
        checkSearch(body, limits)
        const { signal } = visit
        const results = await reading(services, params[COLLECTION] as string, query.snapshot, (reader) =>
          reader.searchMany({ ...body, signal }),
        )
        return { results }
      },
    }),
  ]
  return services.embedder ? [...routes, textRoute(services, settings, common)] : routes
}

/** Checks what no schema can say of a search. @throws OmenError `invalid_argument` */
function checkSearch(
  { where, limit = 0, offset = 0 }: Pick<SearchQuery<Schema>, 'limit' | 'offset'> & { where?: unknown },
  limits: LimitsConfig,
): void {
  if (limit + offset > limits.hits) {
    throw new OmenError('invalid_argument', `limit and offset together are at most ${limits.hits} here`)
  }
  checkFilterSize(where, limits)
}

function vectorParameters({ limit, offset, beam }: Inputs): Readonly<Record<string, Parameter>> {
  const note = 'With a vector as bytes: '
  return {
    field: { schema: STRING, says: `${note}the vector field; may be left out where there is one alone.` },
    limit: { schema: limit, says: `${note}hits wanted.` },
    offset: { schema: offset, says: `${note}closest hits to leave out.` },
    beam: { schema: beam, says: `${note}candidates kept while graphs are walked.` },
    exact: { schema: BOOLEAN, says: `${note}whether every row that matches is compared.` },
    within: { schema: NUMBER, says: `${note}only rows at this distance or closer.` },
    explain: { schema: BOOLEAN, says: `${note}whether the reply says how it was found.` },
    select: { schema: STRING, says: `${note}names of fields, separated by commas.` },
    where: { schema: STRING, says: `${note}a filter as JSON.` },
  }
}

/** What a query string asks for beside the vector, as the database takes it. */
interface VectorSettings {
  readonly field: string | undefined
  readonly settings: Omit<SearchQuery<Schema>, 'vector'>
}

/** Makes what reads query strings, each but once for as long as it is remembered. */
function settingsReader(limits: LimitsConfig): (query: VectorQuery) => VectorSettings {
  const known = new WeakMap<VectorQuery, VectorSettings>()
  return (query) => {
    const found = known.get(query)
    if (found) return found
    const read = readSettings(query, limits)
    known.set(query, read)
    return read
  }
}

function readSettings(query: VectorQuery, limits: LimitsConfig): VectorSettings {
  const { snapshot: _, field, select, where, ...rest } = query
  const filter = where === undefined ? undefined : parseJson(Buffer.from(where), limits.bodyDepth)
  checkSearch({ ...rest, where: filter }, limits)
  const settings = {
    ...rest,
    ...(filter !== undefined && { where: filter as Filter<Schema> }),
    ...(select !== undefined && { select: namesOf(select) ?? [] }),
  }
  return { field, settings }
}

/** The search that bytes and a query string ask for. */
function vectorQuery(
  bytes: Buffer,
  { field, settings }: VectorSettings,
): (schema: Schema) => SearchQuery<Schema> {
  // In this order: V8 makes a new shape each time for a property behind those that were spread, which whoever reads it pays for.
  return (schema) => ({
    vector: { [field ?? onlyVectorField(schema)]: borrowedVectorOf(bytes) },
    ...settings,
  })
}

/** The search that a document asks for. @throws OmenError `invalid_argument` */
function documentQuery(
  query: Body<SearchQuery<Schema>>,
  limits: LimitsConfig,
): (schema: Schema) => SearchQuery<Schema> {
  checkSearch(query, limits)
  return () => query
}

function onlyVectorField(schema: Schema): string {
  const names = vectorFieldNames(schema)
  if (names.length === 1) return names[0] as string
  throw new OmenError(
    'invalid_argument',
    `say by ?field= which vector field to search in: there are ${names.join(', ') || 'none at all'}`,
  )
}

function textRoute(
  services: Services,
  settings: Readonly<Record<string, JsonSchema>>,
  common: Pick<Route, 'tag' | 'access' | 'load' | 'errors'>,
): Route {
  type TextQuery = Omit<Body<SearchQuery<Schema>>, 'vector'> & { text: string; field?: string }
  return route<TextQuery, SnapshotQuery>({
    ...common,
    ...{ id: 'embedSearch', method: 'POST', path: ofCollection('/embed-search') },
    summary: 'Find the rows that are nearest to a text',
    query: SNAPSHOT_PARAMETER,
    body: {
      kind: 'document',
      schema: object(
        {
          ...settings,
          text: { type: 'string', minLength: 1, maxLength: 100_000 },
          field: STRING,
          explain: BOOLEAN,
        },
        ['text'],
      ),
    },
    reply: { kind: 'document', schema: RESULT },
    handle: ({ body: { text, field, ...query }, params, query: { snapshot }, visit }) => {
      checkSearch(query, services.config.limits)
      const collection = params[COLLECTION] as string
      return reading(services, collection, snapshot, async (reader) => {
        const target = { collection, field: field ?? onlyVectorField(reader.schema) }
        const [vector] = (await services.embedder?.embed([text], target)) ?? []
        if (!vector) throw new OmenError('unsupported', 'the embedder made no vector of the text')
        return await reader.search({ ...query, vector: { [target.field]: vector }, signal: visit.signal })
      })
    },
  })
}
