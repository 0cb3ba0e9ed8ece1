import { availableParallelism } from 'node:os'
import { loadDataset, subset } from '../data/load.ts'
import { readEnvironment } from '../environment.ts'
import { measureFiltered } from '../measure/filtered.ts'
import { type FilteredRun, filteredMarkdown } from '../report/filtered.ts'
import { type Command, commandLine, readArguments, wholeNumber } from './command.ts'
import { publishDocument } from './output.ts'

const OPTIONS = {
  dataset: { type: 'string', short: 'd', multiple: true },
  rows: { type: 'string' },
  queries: { type: 'string' },
  rounds: { type: 'string' },
  threads: { type: 'string' },
  out: { type: 'string', short: 'o' },
  keep: { type: 'boolean' },
} as const

const DATASETS = ['glove-wink-100-angular', 'wordnet-use-512-angular']
const DEFAULTS = {
  shares: [0.9, 0.5, 0.1, 0.01, 0.001],
  k: 10,
  groups: 5,
  queries: 200,
  beams: [64, 96, 144, 216, 324, 486],
  recall: 0.95,
  rounds: 5,
  seed: 42,
}

export const filtered: Command = {
  usage: 'filtered',
  summary: 'Measures filtered searches against exact scans and filtering afterwards.',
  help: `  Writes filtered.md, with --keep into docs/.

  -d, --dataset name   measure on this, may be repeated (default: ${DATASETS.join(', ')})
      --rows n         only the first n vectors of each
      --queries n      queries of each kind of filter; ${DEFAULTS.queries} when left out
      --rounds n       how often speeds are measured, by turns; ${DEFAULTS.rounds} when left out
      --threads n      threads to build with
  -o, --out file       where the results go as JSON (default: below .cache/bench)
      --keep           write the results to benchmarks/results/filtered.json, to be committed`,
  async run(args) {
    const { values } = readArguments(args, OPTIONS, { least: 0, most: 0 })
    const startedAt = new Date().toISOString()
    const environment = await readEnvironment()
    const { groups, queries: usual, ...settings } = DEFAULTS
    const queriesPerGroup = Math.max(
      1,
      Math.floor((wholeNumber('queries', values.queries) ?? usual) / groups),
    )
    const datasets: FilteredRun['datasets'][number][] = []
    for (const name of values.dataset ?? DATASETS) {
      const whole = await loadDataset(name)
      const dataset = await subset(whole, wholeNumber('rows', values.rows) ?? whole.rows, whole.queries)
      const points = await measureFiltered(dataset, {
        ...settings,
        index: {},
        groups,
        queriesPerGroup,
        rounds: wholeNumber('rounds', values.rounds) ?? settings.rounds,
        threads: wholeNumber('threads', values.threads) ?? availableParallelism(),
      })
      datasets.push({ name: dataset.name, rows: dataset.rows, dimension: dataset.dimension, points })
    }
    const run: FilteredRun = {
      format: 'omen-filtered/1',
      command: commandLine(),
      startedAt,
      environment,
      k: settings.k,
      datasets,
    }
    publishDocument('filtered', run, filteredMarkdown(run), values)
    return 0
  },
}
