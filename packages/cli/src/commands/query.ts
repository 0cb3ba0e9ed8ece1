import { OmenError } from '@omen/core'
import type { Filter, Hit, Reader, Schema, SearchQuery, SearchResult } from '@omen/schema'
import { readMatrix, toFloats } from '@omen/vector-files'
import { decimal, jsonFile, jsonValue, nameList, wholeNumber } from '../arguments/values.ts'
import { openSource } from '../database/open.ts'
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
  const given = [options.like, options.vector, options['vector-file']].filter((each) => each !== undefined)
  if (given.length > 1) throw new UsageError('--like, --vector and --vector-file: one of them')
  await using source = await openSource(database)
  const collection = await source.collection(name)
  if (given.length === 0) {
    const rows = await matchingRows(collection, call)
    output.result({ rows }, () => rowTable(rows))
    return EXIT.ok
  }
  const result = await searchIn(collection, call)
  output.result(result, () => resultText(result))
  return EXIT.ok
}

async function matchingRows(
  collection: Reader<Schema>,
  { options, signal }: QueryCall,
): Promise<Record<string, unknown>[]> {
  if (options.exact || options.explain || options.within !== undefined || options.beam !== undefined) {
    throw new UsageError('--exact, --explain, --within and --beam are for searches: give --vector or --like')
  }
  const limit = wholeNumber('limit', options.limit) ?? DEFAULT_LIMIT
  const offset = wholeNumber('offset', options.offset, 0) ?? 0
  const rows: Record<string, unknown>[] = []
  let at = 0
  for await (const row of collection.scan({ ...filterOf(options), ...selectOf(options), signal })) {
    if (at++ >= offset) rows.push(row)
    if (rows.length === limit) break
  }
  return rows
}

async function searchIn(collection: Reader<Schema>, call: QueryCall): Promise<SearchResult<Schema, string>> {
  const { options, signal } = call
  const field = fieldOf(collection.schema, options.field)
  const vector = await vectorOf(collection, field, options)
  const { where } = filterOf(options)
  const others = options.like === undefined ? where : { $and: [where ?? {}, { id: { $ne: options.like } }] }
  return await collection.search({
    vector: { [field]: vector },
    where: others as Filter<Schema> | undefined,
    ...selectOf(options),
    limit: wholeNumber('limit', options.limit) ?? DEFAULT_LIMIT,
    offset: wholeNumber('offset', options.offset, 0),
    beam: wholeNumber('beam', options.beam),
    within: decimal('within', options.within),
    exact: options.exact,
    explain: options.explain,
    signal,
  } as SearchQuery<Schema, string>)
}

function fieldOf(schema: Schema, named: string | undefined): string {
  const names = Object.entries(schema).flatMap(([name, { kind }]) => (kind === 'vector' ? [name] : []))
  if (named !== undefined && names.includes(named)) return named
  const [only, another] = names
  if (named === undefined && only !== undefined && another === undefined) return only
  const there = names.join(', ') || 'none at all'
  if (named !== undefined) throw new UsageError(`there is no vector field ${named}: there are ${there}`)
  throw new UsageError(`say which vector field with --field: there are ${there}`)
}

async function vectorOf(
  collection: Reader<Schema>,
  field: string,
  options: QueryCall['options'],
): Promise<Float32Array | number[]> {
  if (options.like !== undefined) {
    const row = await collection.get(options.like, { select: [field] })
    if (!row) throw new OmenError('not_found', `there is no row ${JSON.stringify(options.like)}`)
    const vector = (row as Record<string, unknown>)[field]
    if (vector instanceof Float32Array) return vector
    throw new OmenError('not_found', `row ${JSON.stringify(options.like)} has no ${field} to search by`)
  }
  if (options.vector !== undefined) {
    return numbersOf(jsonValue('vector', options.vector, '[0.1,0.9]'), '--vector')
  }
  const path = options['vector-file'] ?? '-'
  if (!path.endsWith('.npy') && !path.endsWith('.fvecs')) return numbersOf(jsonFile(path), path)
  const { dimension, values } = readMatrix(path)
  return toFloats(values).subarray(0, dimension)
}

function numbersOf(value: unknown, from: string): number[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return value
  throw new UsageError(`${from} is no array of numbers`)
}

function filterOf({ where }: QueryCall['options']): { where: Filter<Schema> | undefined } {
  return { where: jsonValue('where', where, '{"lang":"en"}') as Filter<Schema> | undefined }
}

function selectOf({ select }: QueryCall['options']): { select?: readonly string[] } {
  const names = nameList(select)?.filter((name) => name !== 'id')
  return names ? { select: names } : {}
}

function resultText({ hits, explanation }: SearchResult<Schema, string>): string {
  const rows = hits.map((hit: Hit<Schema, string>) => ({ ...hit }) as Record<string, unknown>)
  return [rowTable(rows), ...(explanation ? [explanationText(explanation)] : [])].join('\n\n')
}
