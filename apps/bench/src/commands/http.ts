import { loadDataset, subset } from '../data/load.ts'
import { readEnvironment } from '../environment.ts'
import { measureHttp } from '../measure/http/measure.ts'
import { type HttpRun, httpMarkdown } from '../report/http.ts'
import { type Command, commandLine, readArguments, wholeNumber } from './command.ts'
import { publishDocument } from './output.ts'

const OPTIONS = {
  dataset: { type: 'string', short: 'd' },
  rows: { type: 'string' },
  connections: { type: 'string' },
  seconds: { type: 'string' },
  rounds: { type: 'string' },
  out: { type: 'string', short: 'o' },
  keep: { type: 'boolean' },
} as const

const DATASET = 'clusters-128-1m'
const DEFAULTS = { rows: 100_000, connections: [32, 100], seconds: 1, rounds: 20 }

export const http: Command = {
  usage: 'http',
  summary: 'Measures searches over HTTP, beside an empty route that answers the same bytes.',
  help: `  Writes http.md, with --keep into docs/.

  -d, --dataset name    ${DATASET} when left out
      --rows n          only the first n vectors; ${DEFAULTS.rows} when left out
      --connections n,… kept alive, each with one request at a time; ${DEFAULTS.connections} when left out
      --seconds n       of each round; ${DEFAULTS.seconds} when left out
      --rounds n        in which the two take turns; ${DEFAULTS.rounds} when left out
  -o, --out file        where the results go as JSON (default: below .cache/bench)
      --keep            write the results to benchmarks/results/http.json, to be committed`,
  async run(args) {
    const { values } = readArguments(args, OPTIONS, { least: 0, most: 0 })
    const startedAt = new Date().toISOString()
    const environment = await readEnvironment()
    const whole = await loadDataset(values.dataset ?? DATASET)
    const rows = Math.min(whole.rows, wholeNumber('rows', values.rows) ?? DEFAULTS.rows)
    const dataset = await subset(whole, rows, whole.queries)
    const results = await measureHttp(dataset, {
      connections: connectionsOf(values.connections),
      seconds: wholeNumber('seconds', values.seconds) ?? DEFAULTS.seconds,
      rounds: wholeNumber('rounds', values.rounds) ?? DEFAULTS.rounds,
      onProgress: (line) => process.stderr.write(`${line}\n`),
    })
    const run: HttpRun = {
      ...{ format: 'omen-http/1', command: commandLine(), startedAt, environment },
      ...{ dataset: dataset.name, results },
    }
    publishDocument('http', run, httpMarkdown(run), values)
    return 0
  },
}

function connectionsOf(list: string | undefined): readonly number[] {
  return list?.split(',').map((each) => wholeNumber('connections', each) ?? 1) ?? DEFAULTS.connections
}
