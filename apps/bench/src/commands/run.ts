import { join, resolve } from 'node:path'
import { OmenError } from '@omen/core'
import { type FloatMetric, metricNamed } from '../data/dataset.ts'
import { checkClaims } from '../measure/claims.ts'
import { runWorkload } from '../measure/run.ts'
import { benchmarksFolder, reportsFolder } from '../paths.ts'
import type { Results } from '../results.ts'
import { readWorkload, type Workload } from '../workload.ts'
import { type Command, commandLine, readArguments, type Values, wholeNumber } from './command.ts'
import { publish } from './output.ts'

export const RUN_OPTIONS = {
  dataset: { type: 'string', short: 'd', multiple: true },
  metric: { type: 'string' },
  engines: { type: 'string', short: 'e' },
  rounds: { type: 'string' },
  'build-rounds': { type: 'string' },
  rows: { type: 'string' },
  queries: { type: 'string' },
  threads: { type: 'string' },
  out: { type: 'string', short: 'o' },
  html: { type: 'string' },
  keep: { type: 'boolean' },
  strict: { type: 'boolean' },
} as const

export const RUN_HELP: string = `  -d, --dataset name   another data set than the workload's; may be repeated. Also a path to an HDF5 file, or files
                       of vectors as base,queries or base,queries,neighbours (.fvecs, .bvecs, .ivecs, .fbin, .u8bin,
                       .i8bin, .ibin, .npy)
      --metric l2      the metric of files of vectors: l2, cosine or dot
  -e, --engines x,y    only these engines of the workload, by id
      --rounds n       how often each setting is measured; medians are reported
      --build-rounds n how often each index is built
      --rows n         only the first n vectors of each data set; the answers are found anew
      --queries n      only the first n queries
      --threads n      threads to build with, and for the search on all threads
  -o, --out file       where the results go as JSON (default: below .cache/bench)
      --html file      where the page goes
      --keep           write the results to benchmarks/results/<workload>.json, to be committed
      --strict         exit with 1 when a claim of the workload does not hold`

/** The options that were given. */
type RunValues = Values<typeof RUN_OPTIONS>

export const run: Command = {
  usage: 'run <workload>',
  summary: 'Measures what a workload says: a file, or the name of one in benchmarks/.',
  help: RUN_HELP,
  async run(args) {
    const { values, positionals } = readArguments(args, RUN_OPTIONS, { least: 1, most: 1 })
    return runAndPublish(readWorkload(positionals[0] ?? ''), values)
  },
}

/** Runs a workload with what the command line says otherwise, and gives the exit code. */
export async function runAndPublish(chosen: Workload, values: RunValues): Promise<number> {
  return (await measureAndPublish(chosen, values)).code
}

/** The same, with the results. */
export async function measureAndPublish(
  chosen: Workload,
  values: RunValues,
): Promise<{ results: Results; code: number }> {
  const results = await measureOnly(chosen, values)
  publishRun(results, values)
  const broken = results.datasets.flatMap((dataset) =>
    checkClaims(results.workload.claims, dataset).filter(({ holds }) => holds === false),
  )
  return { results, code: values.strict && broken.length > 0 ? 1 : 0 }
}

/** Runs a workload with what the command line says otherwise, and keeps its results for the caller. */
export function measureOnly(chosen: Workload, values: RunValues): Promise<Results> {
  return runWorkload(overridden(chosen, values), commandLine(), readMetric(values.metric))
}

/** Prints results, and writes them where the command line says. */
export function publishRun(results: Results, values: RunValues): void {
  const { name } = results.workload
  const folder = values.keep ? join(benchmarksFolder, 'results') : reportsFolder
  const json = resolve(values.out ?? join(folder, `${name}.json`))
  publish(results, json, resolve(values.html ?? join(reportsFolder, `${name}.html`)))
}

/** A workload with what the command line says otherwise. */
function overridden(workload: Workload, values: RunValues): Workload {
  const number = (name: 'rounds' | 'build-rounds' | 'rows' | 'queries' | 'threads'): number | undefined =>
    wholeNumber(name, values[name])
  const [rows, queries] = [number('rows') ?? workload.rows, number('queries') ?? workload.queries]
  return {
    ...workload,
    datasets: values.dataset ?? workload.datasets,
    engines: values.engines === undefined ? workload.engines : chosen(workload, values.engines.split(',')),
    rounds: number('rounds') ?? workload.rounds,
    buildRounds: number('build-rounds') ?? workload.buildRounds,
    threads: number('threads') ?? workload.threads,
    ...(rows === undefined ? {} : { rows }),
    ...(queries === undefined ? {} : { queries }),
  }
}

function chosen({ engines }: Workload, ids: readonly string[]): Workload['engines'] {
  return ids.map((id) => {
    const engine = engines.find((each) => each.id === id)
    if (engine) return engine
    const known = engines.map((each) => each.id).join(', ')
    throw new OmenError('not_found', `the workload has no engine ${id}; it has ${known}`)
  })
}

function readMetric(name: string | undefined): FloatMetric | undefined {
  const metric = name === undefined ? undefined : metricNamed(name)
  if (name !== undefined && !metric) {
    throw new OmenError('invalid_argument', `--metric must be l2, cosine or dot, not ${name}`)
  }
  return metric
}
