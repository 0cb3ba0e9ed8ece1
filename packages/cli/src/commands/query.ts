import { OmenError } from '@omen/core'
import type { Filter, Hit, Reader, Schema, SearchQuery, SearchResult } from '@omen/schema'
import { readMatrix, toFloats } from '@omen/vector-files'
import { decimal, jsonFile, jsonValue, nameList, wholeNumber } from '../arguments/values.ts'
import { openSource } from '../database/open.ts'
import { vectorFieldOf } from '../database/vector-field.ts'
import { EXIT } from '../exit-codes.ts'
import { explanationText } from '../output/explanation.ts'
import { rowTable } from '../output/row-table.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, type Command, command } from './command.ts'

const DEFAULT_LIMIT = 10

const OPTIONS = {
  like: {
    type: 'string',
    value: 'id',
    help: 'search for rows like this one, by its vector; the row itself is left out',
  },
  vector: { type: 'string', value: 'json', help: 'search by this vector, an array of numbers' },
  'vector-file': {
    type: 'string',
    value: 'file',
    help: 'search by a vector in a file: JSON (- for standard input), or the first row of .npy, .fvecs',
  },
  field: { type: 'string', value: 'name', help: 'the vector field, where there are several' },
  where: { type: 'string', value: 'json', help: 'only rows that match this filter' },
  select: { type: 'string', value: 'a,b', help: 'only these fields; all but vectors when left out' },
  limit: { type: 'string', value: 'n', help: `at most so many rows; ${DEFAULT_LIMIT} when left out` },
  offset: { type: 'string', value: 'n', help: 'closest rows to leave out' },
  beam: {
    type: 'string',
    value: 'n',
    help: 'candidates kept while the graph is walked: more find more, and take longer',
  },
  within: { type: 'string', value: 'distance', help: 'only rows at this distance or closer' },
  exact: { type: 'boolean', help: 'compare every row: the true nearest' },
  explain: { type: 'boolean', help: 'say how it was found' },
} as const

export const query: Command = command({
  operands: ['<database>', '<collection>'],
  text: `
Finds the rows nearest to a vector, or to another row, closest first; without either, shows rows that match --where, in no
particular order. A search reads beside whoever writes to the database. Filters are JSON objects: {"lang":"en"} means equal,
{"year":{"$gte":2020}} compares; docs/guides/filters.md has all operators.`,
  options: OPTIONS,
  examples: [
    { does: 'rows like one that is there', line: 'omen query ./data docs --like a --limit 5' },
    {
      does: 'by a vector, among some rows',
      line: `omen query ./data docs --vector '[0.9,0.1,0.3,0.1]' --where '{"year":{"$gte":2020}}'`,
    },
    {
      does: 'by a vector that another program gives',
      line: 'embed "graph search" | omen query ./data docs --vector-file -',
    },
    { does: 'how it was found', line: 'omen query ./data docs --like a --explain' },
    { does: 'what is there', line: `omen query ./data docs --where '{"lang":"de"}' --select title --json` },
  ],
  run: runQuery,
})

type QueryCall = Call<typeof OPTIONS>

async function runQuery(call: QueryCall): Promise<number> {
  const { operands, options, output } = call
  const [database = '', name = ''] = operands
  // What is wrong with a call is said before anything is opened.
  const settings = settingsOf(call)
  await using source = await openSource(database)
  const collection = await source.collection(name)
  if (isSearch(options)) {
    const result = await searchIn(collection, settings, options)
    output.result(result, () => resultText(result))
  } else {
    const rows = await matchingRows(collection, settings)
    output.result({ rows }, () => rowTable(rows))
  }
  return EXIT.ok
}

const isSearch = ({ like, vector, 'vector-file': file }: QueryCall['options']): boolean =>
  (like ?? vector ?? file) !== undefined

interface Settings {
  readonly where: Filter<Schema> | undefined
  readonly select: readonly string[] | undefined
  readonly limit: number
  readonly offset: number
  readonly beam: number | undefined
  readonly within: number | undefined
  readonly exact: boolean
  readonly explain: boolean
  /** The query, where it was given as such. */
  readonly vector: readonly number[] | Float32Array | undefined
  readonly signal: AbortSignal
}

/** @throws UsageError */
function settingsOf({ options, signal }: QueryCall): Settings {
  const { like, vector, 'vector-file': file, exact, explain, beam, within } = options
  if ([like, vector, file].filter((each) => each !== undefined).length > 1) {
    throw new UsageError('--like, --vector and --vector-file: one of them')
  }
  if (!isSearch(options) && (exact || explain || within !== undefined || beam !== undefined)) {
    throw new UsageError('--exact, --explain, --within and --beam are for searches: give --vector or --like')
  }
  return {
    where: jsonValue('where', options.where, '{"lang":"en"}') as Filter<Schema> | undefined,
    select: nameList(options.select)?.filter((name) => name !== 'id'),
    limit: wholeNumber('limit', options.limit) ?? DEFAULT_LIMIT,
    offset: wholeNumber('offset', options.offset, 0) ?? 0,
    beam: wholeNumber('beam', beam),
    within: decimal('within', within),
    ...{ exact, explain, vector: givenVector(vector, file), signal },
  }
}

function givenVector(
  json: string | undefined,
  file: string | undefined,
): readonly number[] | Float32Array | undefined {
  if (json !== undefined) return numbersOf(jsonValue('vector', json, '[0.1,0.9]'), '--vector')
  if (file === undefined) return undefined
  if (!file.endsWith('.npy') && !file.endsWith('.fvecs')) return numbersOf(jsonFile(file), file)
  const { dimension, values } = readMatrix(file)
  return toFloats(values).subarray(0, dimension)
}

function numbersOf(value: unknown, from: string): number[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return value
  throw new UsageError(`${from} is no array of numbers`)
}

async function matchingRows(
  collection: Reader<Schema>,
  { where, select, limit, offset, signal }: Settings,
): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  let at = 0
  for await (const row of collection.scan({ where, select, signal })) {
    if (at++ >= offset) rows.push(row)
    if (rows.length === limit) break
  }
  return rows
}

async function searchIn(
  collection: Reader<Schema>,
  { vector, where, ...settings }: Settings,
  { like, field: named }: QueryCall['options'],
): Promise<SearchResult<Schema, string>> {
  const field = vectorFieldOf(collection.schema, named)
  const query = like === undefined ? vector : await vectorOf(collection, field, like)
  // The row itself would be the first.
  const others = like === undefined ? where : { $and: [where ?? {}, { id: { $ne: like } }] }
  return await collection.search({
    ...settings,
    vector: { [field]: query },
    where: others,
  } as SearchQuery<Schema, string>)
}

async function vectorOf(collection: Reader<Schema>, field: string, id: string): Promise<Float32Array> {
  const row = await collection.get(id, { select: [field] })
  if (!row) throw new OmenError('not_found', `there is no row ${JSON.stringify(id)}`)
  const vector = (row as Record<string, unknown>)[field]
  if (vector instanceof Float32Array) return vector
  throw new OmenError('not_found', `row ${JSON.stringify(id)} has no ${field} to search by`)
}

function resultText({ hits, explanation }: SearchResult<Schema, string>): string {
  const rows = hits.map((hit: Hit<Schema, string>) => ({ ...hit }) as Record<string, unknown>)
  return [rowTable(rows), ...(explanation ? [explanationText(explanation)] : [])].join('\n\n')
}
