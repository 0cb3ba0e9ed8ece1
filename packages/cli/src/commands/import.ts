import { resolve } from 'node:path'
import { OmenError } from '@omen/core'
import { type Collection, type Database, type Schema, vectorFieldNames } from '@omen/schema'
import { checkSchema, schemaFromJson, schemaToJson } from '@omen/schema/check'
import { jsonFile, pairs, wholeNumber } from '../arguments/values.ts'
import { isUrl, openDatabase } from '../database/open.ts'
import { EXIT } from '../exit-codes.ts'
import { formatOf, VECTOR_FORMATS } from '../formats/format.ts'
import type { RecordSource, SourceRecord } from '../formats/record.ts'
import { Checkpoint, NOTHING, type Progressed } from '../import/checkpoint.ts'
import { type InferOptions, inferSchema, MIN_VECTOR_LENGTH } from '../import/infer.ts'
import { Mapping } from '../import/mapping.ts'
import { openRecords } from '../import/open-source.ts'
import { Rejects } from '../import/rejects.ts'
import { importRecords } from '../import/run.ts'
import { sampleOf } from '../import/sample.ts'
import { progressBar } from '../terminal/progress.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, type Command, command } from './command.ts'

const DEFAULT_BATCH_ROWS = 1000
/** Records that a schema is inferred from. */
const SAMPLE = 1000

const OPTIONS = {
  format: {
    type: 'string',
    value: 'name',
    help: 'jsonl, csv, tsv, parquet, arrow, npy, fvecs, hdf5; else by the extension',
  },
  schema: {
    type: 'string',
    value: 'file',
    help: 'create or change the collection to this schema (JSON; - for standard input)',
  },
  infer: { type: 'boolean', help: 'create the collection with a schema inferred from the first 1,000 rows' },
  metric: { type: 'string', value: 'name', help: 'with --infer: cosine (the default), l2 or dot' },
  quantizer: { type: 'string', value: 'name', help: 'with --infer: sq8 (the default), none, rabitq8, …' },
  id: { type: 'string', value: 'column', help: 'the column of ids; id when left out' },
  'number-rows': { type: 'boolean', help: 'call rows by their line or number' },
  vector: {
    type: 'string',
    value: 'column=field',
    multiple: true,
    help: 'a column of vectors and its field',
  },
  map: {
    type: 'string',
    value: 'column=field',
    multiple: true,
    help: 'a column that has another name than its field',
  },
  ignore: { type: 'string', value: 'column', multiple: true, help: 'a column to leave out' },
  'ignore-unknown': { type: 'boolean', help: 'leave out all columns that are no fields' },
  rows: {
    type: 'string',
    value: 'file',
    help: 'for files of vectors: JSON lines with id and fields, one for each vector',
  },
  delimiter: { type: 'string', value: 'char', help: 'between the cells of a CSV file' },
  batch: { type: 'string', value: 'n', help: `rows written at once; ${DEFAULT_BATCH_ROWS} when left out` },
  resume: { type: 'boolean', help: 'go on where an import of this file stopped' },
  restart: { type: 'boolean', help: 'begin anew, whatever an earlier import of this file has done' },
  'max-rejected': {
    type: 'string',
    value: 'n',
    help: 'give up when more rows are rejected; no limit when left out',
  },
} as const

export const importCommand: Command = command({
  operands: ['<database>', '<collection>', '<file>'],
  text: `
Rows are written in batches, each of them durable before the next one; memory does not grow with the file. A row with the id
of one that is there takes its place. Columns are fields of the same name.

Rows that do not fit the schema are set aside into <file>.rejected.jsonl, each with its line and the reason, and the others go
on; the exit code is then 3. With --infer, a column is what nine in ten of its first values are: lists of at least
${MIN_VECTOR_LENGTH} numbers, all equally long, are vectors, whole numbers too; shorter lists are many values of a field, unless
--vector says that they are vectors. Until the end, <file>.checkpoint.json says how far it has come: after Ctrl-C, a failure or a power
cut, the same command with --resume goes on, and no row is lost or there twice.

Files of vectors (npy, fvecs, fbin, hdf5) hold vectors alone: ids and fields come from --rows, or from <file>.rows.jsonl, which
an export writes; without either, rows are called 0, 1, 2, …`,
  options: OPTIONS,
  examples: [
    { does: 'a file with the fields of the collection', line: 'omen import ./data docs docs.jsonl' },
    {
      does: 'create the collection out of what the file has',
      line: 'omen import ./data docs docs.parquet --infer --metric cosine',
    },
    {
      does: 'other names for columns',
      line: 'omen import ./data docs a.csv --id doc_id --vector emb=embedding --map lang=language',
    },
    {
      does: 'vectors from NumPy, ids and fields from JSON lines',
      line: 'omen import ./data docs a.npy --rows a.jsonl --infer',
    },
    { does: 'from another program', line: 'zcat a.jsonl.gz | omen import ./data docs - --format jsonl' },
    { does: 'go on after Ctrl-C', line: 'omen import ./data docs docs.jsonl --resume' },
  ],
  run: runImport,
})

type ImportCall = Call<typeof OPTIONS>

async function runImport(call: ImportCall): Promise<number> {
  const { operands, options, output } = call
  const [database = '', name = '', path = ''] = operands
  const format = formatOf(path, options.format)
  const inferring = inferOptions(call)
  const checkpoint =
    path === '-' ? undefined : checkpointOf(call, { file: resolve(path), database, collection: name })
  const begun = checkpoint?.load() ?? NOTHING
  const source = await openRecords(path, format, {
    ...{ delimiter: options.delimiter, rows: options.rows },
    dataset: VECTOR_FORMATS.includes(format)
      ? pairs('vector', options.vector).keys().next().value
      : undefined,
  })
  const started = performance.now()
  try {
    await using db = await openDatabase(database, options.schema || options.infer ? 'create' : 'refuse')
    const { sample, all } = await sampleOf(source.read(begun.position), SAMPLE)
    const collection = await collectionOf(db, call, source, sample, inferring)
    const mapping = new Mapping(
      collection.schema,
      withVector(inferring, collection.schema, source),
      source.text,
    )
    if (sample[0]) mapping.checkColumns(sample[0])
    const rejects = new Rejects(path === '-' ? 'rejected.jsonl' : `${path}.rejected.jsonl`, {
      ...{ count: begun.rejected, sizeBytes: begun.rejectedBytes },
    })
    const bar = output.progress ? progressBar(`importing into ${name}`) : undefined
    const done = await importRecords(
      all,
      { collection, mapping, rejects, checkpoint },
      {
        batchRows: wholeNumber('batch', options.batch) ?? DEFAULT_BATCH_ROWS,
        maxRejected: wholeNumber('max-rejected', options['max-rejected'], 0) ?? Number.POSITIVE_INFINITY,
        signal: call.signal,
        onProgress: () => bar?.update({ done: source.done(), total: source.total }),
      },
      begun,
    )
    if (done.finished) checkpoint?.remove()
    bar?.clear()
    return report(call, {
      ...done,
      path,
      rejectsPath: rejects.path,
      seconds: (performance.now() - started) / 1000,
    })
  } finally {
    await source.close()
  }
}

function inferOptions({ options }: ImportCall): InferOptions {
  const vectors = pairs('vector', options.vector)
  return {
    id: options.id,
    numberRows: options['number-rows'],
    fields: new Map([...pairs('map', options.map), ...vectors]),
    ignore: options.ignore,
    ignoreUnknown: options['ignore-unknown'],
    ...{ vectors: [...vectors.keys()], metric: options.metric, quantizer: options.quantizer },
  }
}

function checkpointOf(
  { options }: ImportCall,
  task: ConstructorParameters<typeof Checkpoint>[0],
): Checkpoint {
  if (options.resume && options.restart)
    throw new UsageError('--resume goes on, --restart begins anew: not both')
  const database = isUrl(task.database) ? task.database : resolve(task.database)
  const checkpoint = new Checkpoint({ ...task, database })
  if (options.restart) checkpoint.remove()
  else if (checkpoint.exists && !options.resume) {
    throw new UsageError(
      `${checkpoint.path}: an import of this file has stopped; --resume goes on, --restart begins anew`,
    )
  }
  return checkpoint
}

/** The collection to write to: as it is, or as `--schema` or `--infer` make it. */
async function collectionOf(
  db: Database,
  { options, operands, output }: ImportCall,
  source: RecordSource,
  sample: readonly SourceRecord[],
  inferring: InferOptions,
): Promise<Collection<Schema>> {
  const [, name = ''] = operands
  if (options.schema !== undefined) {
    const { fields } = schemaFromJson(jsonFile(options.schema))
    return await db.collection(name, Object.fromEntries(fields))
  }
  const there = (await db.collections()).some((each) => each.name === name)
  if (there) return await db.collection(name)
  if (!options.infer) {
    throw new OmenError(
      'not_found',
      `there is no collection ${name}: --infer creates it, or --schema file.json does`,
    )
  }
  const vectors = [...inferring.vectors, ...source.vectorColumns]
  const schema = inferSchema(sample, source.text, { ...inferring, vectors })
  output.note(`created ${name} with the inferred schema ${JSON.stringify(schemaToJson(checkSchema(schema)))}`)
  return await db.collection(name, schema)
}

/** The one column of a file of vectors goes to the one vector field, whatever they are called. */
function withVector(options: InferOptions, schema: Schema, { vectorColumns }: RecordSource): InferOptions {
  const fields = vectorFieldNames(schema)
  const [column, field] = [vectorColumns[0], fields[0]]
  if (vectorColumns.length !== 1 || fields.length !== 1 || column === undefined || field === undefined)
    return options
  if (options.fields.has(column) || Object.hasOwn(schema, column)) return options
  return { ...options, fields: new Map([...options.fields, [column, field]]) }
}

interface Done extends Progressed {
  readonly finished: boolean
  readonly path: string
  readonly rejectsPath: string
  readonly seconds: number
}

function report(
  { output }: ImportCall,
  { rows, rejected, finished, path, rejectsPath, seconds }: Done,
): number {
  const document = { rows, rejected, finished, ...(rejected > 0 && { rejectedFile: rejectsPath }), seconds }
  output.result(document, () => {
    const speed = `in ${seconds.toFixed(1)} s`
    const aside = rejected > 0 ? `; ${rejected.toLocaleString('en')} rejected, in ${rejectsPath}` : ''
    if (finished) return `${rows.toLocaleString('en')} rows imported ${speed}${aside}`
    const next = path === '-' ? 'what is left of standard input is lost' : '--resume goes on'
    return `stopped after ${rows.toLocaleString('en')} rows ${speed}${aside}; ${next}`
  })
  if (!finished) return EXIT.interrupted
  return rejected > 0 ? EXIT.rejected : EXIT.ok
}
