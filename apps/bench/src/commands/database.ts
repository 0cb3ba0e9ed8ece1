import { loadDataset, subset } from '../data/load.ts'
import { readEnvironment } from '../environment.ts'
import { measureDatabase } from '../measure/database/measure.ts'
import { reportsFolder } from '../paths.ts'
import { type DatabaseRun, databaseMarkdown } from '../report/database.ts'
import { type Command, commandLine, readArguments, wholeNumber } from './command.ts'
import { publishDocument } from './output.ts'

const OPTIONS = {
  dataset: { type: 'string', short: 'd' },
  rows: { type: 'string' },
  queries: { type: 'string' },
  times: { type: 'string' },
  rounds: { type: 'string' },
  budget: { type: 'string' },
  folder: { type: 'string' },
  out: { type: 'string', short: 'o' },
  keep: { type: 'boolean' },
} as const

const DATASET = 'clusters-128-1m'
const DEFAULTS = { times: 10, rounds: 5, budgetMib: 256 }

export const database: Command = {
  usage: 'database',
  summary: 'Measures the database: durable writes, searches, overwriting, closing and opening again.',
  help: `  Writes database.md, with --keep into docs/.

  -d, --dataset name   ${DATASET} when left out
      --rows n         only the first n vectors
      --queries n      only the first n queries
      --times n        how often all rows are overwritten; ${DEFAULTS.times} when left out
      --rounds n       how often queries are asked of a collection and of the bare index; ${DEFAULTS.rounds} when left out
      --budget n       memoryBudgetBytes of the database, in MiB; ${DEFAULTS.budgetMib} when left out
      --folder path    where the databases lie while they are measured (default: below .cache/bench)
  -o, --out file       where the results go as JSON (default: below .cache/bench)
      --keep           write the results to benchmarks/results/database.json, to be committed`,
  async run(args) {
    const { values } = readArguments(args, OPTIONS, { least: 0, most: 0 })
    const startedAt = new Date().toISOString()
    const environment = await readEnvironment()
    const whole = await loadDataset(values.dataset ?? DATASET)
    const dataset = await subset(
      whole,
      wholeNumber('rows', values.rows) ?? whole.rows,
      wholeNumber('queries', values.queries) ?? whole.queries,
    )
    const results = await measureDatabase(dataset, {
      folder: values.folder ?? reportsFolder,
      memoryBudgetBytes: (wholeNumber('budget', values.budget) ?? DEFAULTS.budgetMib) * 2 ** 20,
      times: wholeNumber('times', values.times) ?? DEFAULTS.times,
      rounds: wholeNumber('rounds', values.rounds) ?? DEFAULTS.rounds,
      onProgress: (line) => process.stderr.write(`${line}\n`),
    })
    const run: DatabaseRun = {
      format: 'omen-database/1',
      command: commandLine(),
      startedAt,
      environment,
      dataset: dataset.name,
      dimension: dataset.dimension,
      results,
    }
    publishDocument('database', run, databaseMarkdown(run), values)
    return 0
  },
}
