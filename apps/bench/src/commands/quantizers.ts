import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { progressBar } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { quantizers as known } from '@omen/quant'
import { cachedFacts } from '../data/cache.ts'
import { loadDataset, subset } from '../data/load.ts'
import { omenQuantizer } from '../engines/omen-quantizer.ts'
import { readEnvironment } from '../environment.ts'
import { measureQuantizer, type QuantizerFigures } from '../measure/quantizers.ts'
import { datasetsCache, root } from '../paths.ts'
import { betweenMarkers, type QuantizersRun, quantizersMarkdown } from '../report/quantizers.ts'
import { type Command, commandLine, readArguments, wholeNumber } from './command.ts'
import { publishDocument } from './output.ts'

const OPTIONS = {
  dataset: { type: 'string', short: 'd', multiple: true },
  quantizers: { type: 'string' },
  rows: { type: 'string' },
  queries: { type: 'string' },
  rounds: { type: 'string' },
  threads: { type: 'string' },
  out: { type: 'string', short: 'o' },
  keep: { type: 'boolean' },
} as const

/** Real data of three kinds: words, pictures and sentences. */
const DATASETS = ['glove-wink-100-angular', 'sift-photos-300k', 'wordnet-use-512-angular']
const DEFAULTS = { queries: 1000, rounds: 2 }
const MARKER = 'figures'

export const quantizers: Command = {
  usage: 'quantizers',
  summary: 'Measures bytes, encoding, comparing and recall of every quantizer by exhaustive search.',
  help: `  Writes quantizers.md, with --keep into docs/, between its markers.

  -d, --dataset name   measure on this, may be repeated (default: those at hand of ${DATASETS.join(', ')})
      --quantizers x,y only these, by name without version
      --rows n         only the first n vectors of each data set
      --queries n      queries asked; ${DEFAULTS.queries} when left out
      --rounds n       how often each time is taken, the best counts; ${DEFAULTS.rounds} when left out
      --threads n      threads of the encoding on all of them
  -o, --out file       where the results go as JSON (default: below .cache/bench)
      --keep           write the results to benchmarks/results/quantizers.json, to be committed`,
  async run(args) {
    const { values } = readArguments(args, OPTIONS, { least: 0, most: 0 })
    const startedAt = new Date().toISOString()
    const environment = await readEnvironment()
    const chosen = values.quantizers?.split(',').map(omenQuantizer) ?? known()
    const names = values.dataset ?? DATASETS.filter((name) => cachedFacts(datasetsCache(), name))
    if (names.length === 0) {
      throw new OmenError('not_found', `no data set is at hand: get one of ${DATASETS.join(', ')}`)
    }
    const threads = wholeNumber('threads', values.threads) ?? availableParallelism()
    const rounds = wholeNumber('rounds', values.rounds) ?? DEFAULTS.rounds
    const datasets: QuantizersRun['datasets'][number][] = []
    for (const name of names) {
      const whole = await loadDataset(name)
      const queries = Math.min(wholeNumber('queries', values.queries) ?? DEFAULTS.queries, whole.queries)
      const dataset = await subset(whole, wholeNumber('rows', values.rows) ?? whole.rows, queries)
      const progress = progressBar(dataset.name)
      const figures: QuantizerFigures[] = []
      for (const quantizer of chosen) {
        figures.push(await measureQuantizer(dataset, quantizer, { threads, rounds }))
        progress.update({ done: figures.length, total: chosen.length })
      }
      progress.end()
      const { metric, dimension, rows, neighborsPerQuery } = dataset
      const facts = { name: dataset.name, metric, dimension, rows, queries, neighborsPerQuery }
      datasets.push({ dataset: facts, quantizers: figures })
    }
    publish(
      {
        format: 'omen-quantizers/1',
        command: commandLine(),
        startedAt,
        environment,
        threads,
        datasets,
      },
      values,
    )
    return 0
  },
}

function publish(run: QuantizersRun, values: { readonly keep?: boolean; readonly out?: string }): void {
  const text = quantizersMarkdown(run)
  const document = readFileSync(join(root, 'docs/quantizers.md'), 'utf8')
  publishDocument('quantizers', run, `${text}\n`, values, betweenMarkers(document, MARKER, text))
}
