import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { OmenError } from '@omen/core'
import { TECHNIQUES } from '@omen/hnsw'
import { loadDataset, subset } from '../data/load.ts'
import { readEnvironment } from '../environment.ts'
import { measureAblation } from '../measure/ablation/measure.ts'
import { planAblation } from '../measure/ablation/plan.ts'
import { type AblationRun, ablationMarkdown } from '../report/ablation.ts'
import { type EngineSpec, readWorkload, workloadOn } from '../workload.ts'
import { type Command, commandLine, readArguments, wholeNumber } from './command.ts'
import { publishDocument } from './output.ts'

const OPTIONS = {
  dataset: { type: 'string', short: 'd', multiple: true },
  rows: { type: 'string' },
  queries: { type: 'string' },
  rounds: { type: 'string' },
  'build-rows': { type: 'string' },
  'build-rounds': { type: 'string' },
  threads: { type: 'string' },
  graphs: { type: 'string' },
  from: { type: 'string' },
  out: { type: 'string', short: 'o' },
  keep: { type: 'boolean' },
} as const

const DATASETS = ['sift-photos-300k', 'wordnet-use-512-angular', 'glove-wink-100-angular']
const DEFAULTS = {
  k: 10,
  recall: 0.95,
  queries: 1000,
  beams: [
    10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 512,
  ],
  rounds: 96,
  openings: 6,
  buildRows: 6000,
  buildRounds: 5,
  seed: 42,
}

export const ablation: Command = {
  usage: 'ablation',
  summary: 'Measures what each technique of the graph index brings: with and without it, side by side.',
  help: `  Takes the fast setting of the workload speed on each data set, and leaves out one thing at a time. Writes
  ablation.md, with --keep into docs/.

  -d, --dataset name   measure on this, may be repeated (default: ${DATASETS.join(', ')})
      --rows n         only the first n vectors of each
      --queries n      queries asked; ${DEFAULTS.queries} when left out
      --rounds n       how often speeds of searches are compared; ${DEFAULTS.rounds} when left out
      --build-rows n   builds are timed over the first n vectors; ${DEFAULTS.buildRows.toLocaleString('en')} when left out
      --build-rounds n how often; ${DEFAULTS.buildRounds} when left out
      --threads n      threads to build with
      --graphs folder  keep the graphs there, and take those that are there already: of another version or setting, too
      --from file      measure nothing: write the document of these results again, with the sentences of today
  -o, --out file       where the results go as JSON (default: below .cache/bench)
      --keep           write the results to benchmarks/results/ablation.json, to be committed`,
  async run(args) {
    const { values } = readArguments(args, OPTIONS, { least: 0, most: 0 })
    if (values.from !== undefined) {
      publish(readRun(values.from), values)
      return 0
    }
    const startedAt = new Date().toISOString()
    const environment = await readEnvironment()
    const options = {
      ...DEFAULTS,
      rounds: wholeNumber('rounds', values.rounds) ?? DEFAULTS.rounds,
      buildRows: wholeNumber('build-rows', values['build-rows']) ?? DEFAULTS.buildRows,
      buildRounds: wholeNumber('build-rounds', values['build-rounds']) ?? DEFAULTS.buildRounds,
      threads: wholeNumber('threads', values.threads) ?? availableParallelism(),
      ...(values.graphs === undefined ? {} : { graphs: values.graphs }),
    }
    const { k, recall, rounds, openings, buildRows, buildRounds } = options
    const settings = { k, recall, rounds, openings, buildRows, buildRounds }
    const run = {
      format: 'omen-ablation/1',
      command: commandLine(),
      startedAt,
      environment,
      ...settings,
    } as const
    const datasets: AblationRun['datasets'][number][] = []
    for (const name of values.dataset ?? DATASETS) {
      const whole = await loadDataset(name)
      const queries = Math.min(wholeNumber('queries', values.queries) ?? DEFAULTS.queries, whole.queries)
      const dataset = await subset(whole, wholeNumber('rows', values.rows) ?? whole.rows, queries)
      const { on: _, id: __, title: ___, engine: ____, beams: _____, ...best } = fastest(name)
      const { variants } = planAblation(best, TECHNIQUES)
      const measured = await measureAblation(dataset, variants, options)
      const { metric, dimension, neighborsPerQuery } = dataset
      const facts = { name: dataset.name, metric, dimension, rows: dataset.rows, queries, neighborsPerQuery }
      datasets.push({ dataset: facts, variants: measured })
      // Each takes minutes: what has been measured is kept, whatever becomes of the next.
      publish({ ...run, datasets }, values)
    }
    return 0
  },
}

/** @throws OmenError `invalid_argument` for a file of another kind */
function readRun(path: string): AblationRun {
  const run: Partial<AblationRun> = JSON.parse(readFileSync(path, 'utf8'))
  if (run.format !== 'omen-ablation/1') {
    throw new OmenError('invalid_argument', `${path} is no result of ablation`)
  }
  return run as AblationRun
}

function publish(run: AblationRun, values: { readonly keep?: boolean; readonly out?: string }): void {
  publishDocument('ablation', run, ablationMarkdown(run), values)
}

/** The fast setting of the workload speed, as it is meant for a data set. */
export function fastest(dataset: string): EngineSpec {
  const { engines } = workloadOn(readWorkload('speed'), dataset)
  const found = engines.find(({ id }) => id === 'omen-fast')
  if (!found) throw new Error('the workload speed has no engine omen-fast')
  return found
}
