import { OmenError } from '@omen/core'
import type { CollectionInfo, Schema } from '@omen/schema'
import { checkSchema, schemaFromJson, schemaToJson } from '@omen/schema/check'
import { didYouMean } from '../arguments/suggest.ts'
import { jsonFile } from '../arguments/values.ts'
import { openDatabase, openSource } from '../database/open.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../output/output.ts'
import { table } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, type Command, checkOperands, command } from './command.ts'

const OPTIONS = {
  yes: { type: 'boolean', help: 'drop without being asked to name --yes' },
} as const

const ACTIONS = ['list', 'show', 'create', 'drop']

export const collections: Command = command({
  operands: ['<action>', '<database>', '[collection]', '[schema]'],
  text: `
Actions:
  list <database>                          what there is
  show <database> <collection>             its rows and its schema
  create <database> <collection> <schema>  creates it out of a file of JSON (- for standard input), or changes its schema
  drop <database> <collection> --yes       drops it with all its rows

A schema is an object of fields by name. Kinds: keyword, integer, number, boolean, date (filtered by), text, json (stored),
vector. What a field does not say has its default:
  {"title":{"kind":"text"},"year":{"kind":"integer","optional":true},"embedding":{"kind":"vector","dimension":384}}
Changes that data can follow are made: optional fields, indexes and settings of graphs come and go. Others are refused.`,
  options: OPTIONS,
  examples: [
    { does: 'what there is', line: 'omen collections list ./data' },
    {
      does: 'a schema to begin from',
      line: 'omen collections show ./data docs --json | jq .schema > schema.json',
    },
    { does: 'create it elsewhere', line: 'omen collections create ./other docs schema.json' },
    { does: 'drop it', line: 'omen collections drop ./data docs --yes' },
  ],
  async run(call) {
    const [action = '', ...operands] = call.operands
    switch (action) {
      case 'list':
        return await list(call, operands)
      case 'show':
        return await show(call, operands)
      case 'create':
        return await create(call, operands)
      case 'drop':
        return await drop(call, operands)
      default:
        throw new UsageError(
          `there is no action ${action}${didYouMean(action, ACTIONS)}: ${ACTIONS.join(', ')}`,
        )
    }
  },
})

type CollectionsCall = Call<typeof OPTIONS>

async function list({ output }: CollectionsCall, operands: readonly string[]): Promise<number> {
  checkOperands(['<database>'], operands)
  const [database = ''] = operands
  await using source = await openSource(database)
  const found = await source.collections()
  output.result({ collections: found.map(documentOf) }, () => {
    if (found.length === 0) return '  no collections'
    const rows = found.map(({ name, rows, schema }) => [name, rows.toLocaleString('en'), fieldsText(schema)])
    return table(
      [{ title: 'collection', align: 'left' }, { title: 'rows' }, { title: 'fields', align: 'left' }],
      rows,
    )
  })
  return EXIT.ok
}

async function show({ output }: CollectionsCall, operands: readonly string[]): Promise<number> {
  checkOperands(['<database>', '<collection>'], operands)
  const [database = '', name = ''] = operands
  await using source = await openSource(database)
  const found = (await source.collections()).find((each) => each.name === name)
  if (!found) throw new OmenError('not_found', `there is no collection ${JSON.stringify(name)}`)
  printCollection(output, found)
  return EXIT.ok
}

async function create({ output }: CollectionsCall, operands: readonly string[]): Promise<number> {
  checkOperands(['<database>', '<collection>', '<schema>'], operands)
  const [database = '', name = '', path = ''] = operands
  // A schema that is wrong creates no database.
  const schema = Object.fromEntries(schemaFromJson(jsonFile(path)).fields)
  await using db = await openDatabase(database, 'create')
  const collection = await db.collection(name, schema)
  printCollection(output, { name, rows: await collection.count(), schema })
  return EXIT.ok
}

async function drop({ options, output }: CollectionsCall, operands: readonly string[]): Promise<number> {
  checkOperands(['<database>', '<collection>'], operands)
  const [database = '', name = ''] = operands
  if (!options.yes) throw new UsageError(`${name} would be dropped with all its rows: say --yes`)
  await using db = await openDatabase(database, 'refuse')
  if (!(await db.drop(name)))
    throw new OmenError('not_found', `there is no collection ${JSON.stringify(name)}`)
  output.result({ dropped: name }, () => `dropped ${name}`)
  return EXIT.ok
}

function printCollection(output: Output, info: CollectionInfo): void {
  output.result(documentOf(info), () => {
    const rows = Object.entries(info.schema).map(([name, field]) => {
      const { kind, ...traits } = field
      return [name, kind, traitsText(traits)]
    })
    const columns = ['field', 'kind', ''].map((title) => ({ title, align: 'left' as const }))
    return `${info.name}: ${info.rows.toLocaleString('en')} rows\n\n${table(columns, rows)}`
  })
}

const documentOf = ({ name, rows, schema }: CollectionInfo): unknown => ({
  ...{ name, rows },
  schema: schemaToJson(checkSchema(schema)),
})

const fieldsText = (schema: Schema): string =>
  Object.entries(schema)
    .map(([name, field]) => `${name} ${field.kind}${field.kind === 'vector' ? `(${field.dimension})` : ''}`)
    .join(', ')

/** What is true, and what has a value. */
function traitsText(traits: Readonly<Record<string, unknown>>): string {
  return Object.entries(traits)
    .filter(([, value]) => value !== false && value !== undefined)
    .map(([name, value]) => {
      if (value === true) return name
      return `${name} ${typeof value === 'object' && value !== null && 'name' in value ? value.name : value}`
    })
    .join(', ')
}
