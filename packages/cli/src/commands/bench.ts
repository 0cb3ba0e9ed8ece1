import { OmenError } from '@omen/core'
import { doctor } from '@omen/native'
import { nameList, wholeNumber } from '../arguments/values.ts'
import { type Measured, measureCollection, rowsOutsideGraphs } from '../bench/measure.ts'
import { openSource } from '../database/open.ts'
import { vectorFieldOf } from '../database/vector-field.ts'
import { EXIT } from '../exit-codes.ts'
import { progressBar } from '../terminal/progress.ts'
import { table } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, type Command, command } from './command.ts'

const DEFAULT_BEAMS = '16,32,64,128,256'
const DEFAULT_QUERIES = 200
const DEFAULT_ROUNDS = 3

const OPTIONS = {
  field: { type: 'string', value: 'name', help: 'the vector field, where there are several' },
  k: { type: 'string', value: 'n', help: 'hits of a search; 10 when left out' },
  queries: {
    type: 'string',
    value: 'n',
    help: `rows that are searched for; ${DEFAULT_QUERIES} when left out`,
  },
  beams: { type: 'string', value: 'a,b', help: `widths of the walk; ${DEFAULT_BEAMS} when left out` },
  rounds: { type: 'string', value: 'n', help: `times that all is measured; ${DEFAULT_ROUNDS} when left out` },
} as const

export const bench: Command = command({
  operands: ['<database>', '<collection>'],
  text: `
Searches for rows of a collection by their own vectors, each without itself, one after another, and says recall beside speed for
several beams, and for the exact scan. It is measured on your data, since neither can be said without: of random vectors both
would mean nothing. Machines are noisy: compare within one run.`,
  options: OPTIONS,
  examples: [
    { does: 'which beam gives the recall that is needed', line: 'omen bench ./data docs' },
    {
      does: 'with fewer queries, for a large collection',
      line: 'omen bench ./data docs --queries 50 --rounds 1',
    },
    {
      does: 'on a data set of ann-benchmarks',
      line: 'omen import ./sift sift sift.hdf5 --vector train=embedding --metric l2 --infer && omen bench ./sift sift',
    },
  ],
  run: runBench,
})

async function runBench({ operands, options, output, signal }: Call<typeof OPTIONS>): Promise<number> {
  const [database = '', name = ''] = operands
  const beams = (nameList(options.beams ?? DEFAULT_BEAMS) ?? []).map(
    (text) => wholeNumber('beams', text) ?? 0,
  )
  if (beams.length === 0) throw new UsageError('--beams takes whole numbers with commas between them')
  const k = wholeNumber('k', options.k) ?? 10
  await using source = await openSource(database)
  const collection = await source.collection(name)
  const field = vectorFieldOf(collection.schema, options.field)
  const rows = await collection.count()
  const bar = output.progress ? progressBar('measuring') : undefined
  const { queries, measured } = await measureCollection(collection, {
    ...{ field, k, beams, signal },
    queries: wholeNumber('queries', options.queries) ?? DEFAULT_QUERIES,
    rounds: wholeNumber('rounds', options.rounds) ?? DEFAULT_ROUNDS,
    onProgress: (done, total) => bar?.update({ done, total }),
  })
  bar?.clear()
  if (queries === 0) throw new OmenError('not_found', `there are no rows with ${field} to search for`)
  const scanned = await rowsOutsideGraphs(collection, { field, k, signal })
  const { kernels } = doctor()
  output.result({ collection: name, field, rows, scanned, k, queries, kernels, measured }, () => {
    const of = `${rows.toLocaleString('en')} rows, ${queries} queries, recall@${k}, ${kernels} kernels`
    const outside = `${scanned.toLocaleString('en')} rows lie outside the graph, and every search looks at them all`
    const hint = scanned > rows / 100 ? `\n  ${outside}: omen optimize links them` : ''
    return `${resultTable(measured, k)}\n  ${of}${hint}`
  })
  return EXIT.ok
}

function resultTable(measured: readonly Measured[], k: number): string {
  const columns = ['beam', `recall@${k}`, 'median ms', 'p99 ms', 'queries/s'].map((title) => ({ title }))
  return table(
    columns,
    measured.map(({ beam, recall, medianMs, p99Ms, queriesPerSecond }) => [
      String(beam),
      recall.toFixed(4),
      medianMs.toFixed(3),
      p99Ms.toFixed(3),
      Math.round(queriesPerSecond).toLocaleString('en'),
    ]),
  )
}
