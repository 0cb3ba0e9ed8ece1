import { availableParallelism } from 'node:os'
import { loadDataset, subset } from '../data/load.ts'
import { graphOptions } from '../engines/omen-hnsw.ts'
import { readEnvironment } from '../environment.ts'
import { measureChurn } from '../measure/churn.ts'
import { type ChurnRun, churnMarkdown } from '../report/churn.ts'
import { fastest } from './ablation.ts'
import { type Command, commandLine, readArguments, wholeNumber } from './command.ts'
import { publishDocument } from './output.ts'

const OPTIONS = {
  dataset: { type: 'string', short: 'd' },
  rows: { type: 'string' },
  queries: { type: 'string' },
  times: { type: 'string' },
  rounds: { type: 'string' },
  threads: { type: 'string' },
  out: { type: 'string', short: 'o' },
  keep: { type: 'boolean' },
} as const

const DATASET = 'sift-photos-300k'
const DEFAULTS = {
  times: 10,
  rounds: 5,
  queries: 1000,
  k: 10,
  beam: 64,
  beams: [16, 32, 64, 128, 256],
  seed: 42,
}

export const churn: Command = {
  usage: 'churn',
  summary: 'Replaces half of an index again and again, and compares it with a fresh one.',
  help: `  Half of a data set is indexed with the fast setting of the workload speed, and half of those rows are replaced by
  others, again and again. Writes churn.md, with --keep into docs/.

  -d, --dataset name   ${DATASET} when left out
      --rows n         only the first n vectors
      --queries n      queries asked; ${DEFAULTS.queries} when left out
      --times n        how often half of the rows are replaced; ${DEFAULTS.times} when left out
      --rounds n       how often speeds are measured, taking turns; ${DEFAULTS.rounds} when left out
      --threads n      threads to build and change with
  -o, --out file       where the results go as JSON (default: below .cache/bench)
      --keep           write the results to benchmarks/results/churn.json, to be committed`,
  async run(args) {
    const { values } = readArguments(args, OPTIONS, { least: 0, most: 0 })
    const { dataset: name = DATASET } = values
    const startedAt = new Date().toISOString()
    const environment = await readEnvironment()
    const whole = await loadDataset(name)
    const rows = wholeNumber('rows', values.rows) ?? whole.rows
    const dataset = await subset(
      whole,
      rows,
      wholeNumber('queries', values.queries) ?? Math.min(DEFAULTS.queries, whole.queries),
    )
    const spec = fastest(name)
    const { m, buildBeam, alpha, quantizer, keep: kept, rescore, techniques } = spec
    const settings = {
      m,
      beam: buildBeam,
      ...(alpha === undefined ? {} : { alpha }),
      ...(quantizer === undefined ? {} : { quantizer }),
      ...(kept === undefined ? {} : { keep: kept }),
      ...(techniques === undefined ? {} : { techniques }),
    }
    const { k, beam, beams, seed } = DEFAULTS
    const results = await measureChurn(dataset, {
      index: graphOptions(settings),
      times: wholeNumber('times', values.times) ?? DEFAULTS.times,
      rounds: wholeNumber('rounds', values.rounds) ?? DEFAULTS.rounds,
      threads: wholeNumber('threads', values.threads) ?? availableParallelism(),
      k,
      beam,
      beams,
      seed,
      ...(rescore === undefined ? {} : { rescore: Math.ceil(rescore * k) }),
      onProgress: (line) => process.stderr.write(`${line}\n`),
    })
    const run: ChurnRun = {
      format: 'omen-churn/1',
      command: commandLine(),
      startedAt,
      environment,
      dataset: dataset.name,
      k,
      beam,
      settings: { ...settings, ...(rescore === undefined ? {} : { rescore }) },
      results,
    }
    publishDocument('churn', run, churnMarkdown(run), values)
    return 0
  },
}
