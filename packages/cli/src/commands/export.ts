import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { OmenError } from '@omen/core'
import { date, type Field, type Filter, type Schema } from '@omen/schema'
import { jsonValue, nameList, wholeNumber } from '../arguments/values.ts'
import { openSource } from '../database/open.ts'
import { EXIT } from '../exit-codes.ts'
import { openWriter } from '../export/open-writer.ts'
import { besidePath, type Format, formatOf, VECTOR_FORMATS } from '../formats/format.ts'
import { nameOfTemporary } from '../formats/temporary.ts'
import { progressBar } from '../terminal/progress.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, type Command, command } from './command.ts'

const OPTIONS = {
  format: {
    type: 'string',
    value: 'name',
    help: 'jsonl, csv, tsv, parquet, arrow, npy, fvecs, hdf5; else by the extension',
  },
  where: { type: 'string', value: 'json', help: 'only rows that match this filter' },
  select: {
    type: 'string',
    value: 'a,b',
    help: 'only these fields; all, vectors and $expiresAt too, when left out',
  },
  field: {
    type: 'string',
    value: 'name',
    help: 'for files of vectors: which field, where there are several',
  },
  limit: { type: 'string', value: 'n', help: 'at most so many rows' },
  force: { type: 'boolean', help: 'replace a file that is there' },
} as const

export const exportCommand: Command = command({
  operands: ['<database>', '<collection>', '<file>'],
  text: `
Rows come in no particular order, all of them as they were at one moment; memory does not grow with them. The file appears
under its name when it is whole. Every format gives equal rows when it is imported again, vectors bit for bit. Rows that
expire say when in the column $expiresAt, which an import takes for that.

Files of vectors (npy, fvecs, hdf5) hold one field; ids and all other fields go into <file>.rows.jsonl, a line for each vector.
Standard output (-) takes jsonl, csv and tsv.`,
  options: OPTIONS,
  examples: [
    { does: 'everything', line: 'omen export ./data docs docs.parquet' },
    {
      does: 'some rows, some fields',
      line: `omen export ./data docs de.csv --where '{"lang":"de"}' --select title,year`,
    },
    { does: 'vectors for NumPy', line: 'omen export ./data docs docs.npy --field embedding' },
    { does: 'to another program', line: 'omen export ./data docs - --format jsonl | jq -c .title' },
  ],
  run: runExport,
})

async function runExport(call: Call<typeof OPTIONS>): Promise<number> {
  const { operands, options, output, signal } = call
  const [database = '', name = '', path = ''] = operands
  const format = formatOf(path, options.format)
  const where = jsonValue('where', options.where, '{"lang":"en"}') as Filter<Schema> | undefined
  const limit = wholeNumber('limit', options.limit) ?? Number.POSITIVE_INFINITY
  if (path !== '-' && existsSync(path) && !options.force) {
    throw new OmenError('already_exists', `${path} is there already: --force replaces it`)
  }
  await using source = await openSource(database)
  const collection = await source.collection(name)
  const fields = fieldsOf(collection.schema, nameList(options.select))
  const total = Math.min(limit, await collection.count(where))
  const writer = await openWriter(path, format, fields, options.field, output)
  const bar = output.progress && path !== '-' ? progressBar(`exporting ${name}`) : undefined
  let rows = 0
  try {
    const select = [...fields.keys()].filter((each) => each !== EXPIRY)
    for await (const row of collection.scan({ where, select, expiry: fields.has(EXPIRY), signal })) {
      if (rows === limit) break
      await writer.write(row)
      rows++
      bar?.update({ done: rows, total })
    }
    await writer.close()
  } catch (error) {
    await removePartial(path)
    throw error
  } finally {
    bar?.clear()
  }
  const leftOut = writer.leftOut?.() ?? 0
  report(call, format, { path, rows: rows - leftOut, leftOut })
  return EXIT.ok
}

/** Stands among the fields, and says when a row expires. */
const EXPIRY = '$expiresAt'

/** @throws UsageError for a field that there is not */
function fieldsOf(stored: Schema, select: readonly string[] | undefined): ReadonlyMap<string, Field> {
  const schema: Schema = { ...stored, [EXPIRY]: date({ optional: true }) }
  if (select === undefined) return new Map(Object.entries(schema))
  return new Map(
    select
      .filter((name) => name !== 'id')
      .map((name) => {
        const field = Object.hasOwn(schema, name) ? schema[name] : undefined
        if (field) return [name, field]
        throw new UsageError(`there is no field ${name}: there are ${Object.keys(schema).join(', ')}`)
      }),
  )
}

async function removePartial(path: string): Promise<void> {
  for (const each of [path, besidePath(path)]) await rm(nameOfTemporary(each).path, { force: true })
}

interface Exported {
  readonly path: string
  readonly rows: number
  /** Rows without a vector, which a file of vectors cannot hold. */
  readonly leftOut: number
}

function report({ output }: Call<typeof OPTIONS>, format: Format, { path, rows, leftOut }: Exported): void {
  // The rows themselves are what standard output is for.
  if (path === '-') return
  const beside = VECTOR_FORMATS.includes(format) ? besidePath(path) : undefined
  output.result(
    { rows, file: path, ...(beside && { rowsFile: beside }), ...(leftOut > 0 && { leftOut }) },
    () => {
      const files = beside ? `${path} and ${beside}` : path
      const without =
        leftOut > 0 ? `; ${leftOut.toLocaleString('en')} rows without a vector are left out` : ''
      return `${rows.toLocaleString('en')} rows exported to ${files}${without}`
    },
  )
}
