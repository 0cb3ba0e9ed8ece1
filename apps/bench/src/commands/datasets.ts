import { styleText } from 'node:util'
import { table } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { cachedFacts } from '../data/cache.ts'
import { groundTruth } from '../data/ground-truth.ts'
import { loadDataset } from '../data/load.ts'
import { Random } from '../data/random.ts'
import { type DatasetEntry, locateSource, readRegistry } from '../data/registry.ts'
import { Recall } from '../measure/recall.ts'
import { datasetsCache } from '../paths.ts'
import { type Command, readArguments } from './command.ts'

/** Queries whose known answers are compared with an exact search. */
const CHECKED_QUERIES = 20

export const datasets: Command = {
  usage: 'datasets list | get <name> | check <name>',
  summary: 'Lists the known data sets, fetches and converts one, or checks its answers.',
  help: `  list         what there is, and what is on this machine already
  get <name>   fetches and converts it into datasets/.cache
  check <name> compares ${CHECKED_QUERIES} of its answers with an exact search

  Files are also looked for in the folders that OMEN_DATASETS names, and in a datasets folder beside the checkout.`,
  async run(args) {
    const { positionals } = readArguments(args, {}, { least: 1, most: 2 })
    const [action, name = ''] = positionals
    if (action === 'list') console.log(list(readRegistry()))
    else if (action === 'get') await get(name)
    else if (action === 'check') await check(name)
    else throw new OmenError('invalid_argument', `datasets does not know "${action}": list, get or check`)
    return 0
  },
}

function list(entries: readonly DatasetEntry[]): string {
  const columns = [
    { title: 'name', align: 'left' as const },
    { title: 'vectors' },
    { title: 'components' },
    { title: 'metric', align: 'left' as const },
    { title: 'queries' },
    { title: 'here', align: 'left' as const },
    { title: 'what', align: 'left' as const },
  ]
  const rows = entries.map((entry) => [
    entry.name,
    entry.rows.toLocaleString('en'),
    String(entry.dimension),
    entry.metric,
    entry.queries.toLocaleString('en'),
    whereIs(entry),
    entry.title,
  ])
  return table(columns, rows)
}

function whereIs(entry: DatasetEntry): string {
  if (cachedFacts(datasetsCache(), entry.name)) return styleText('green', 'ready')
  if (locateSource(entry)) return styleText('green', 'file')
  if (entry.obtain.how === 'generated') return 'to generate'
  if (entry.obtain.how === 'embedded') return 'to compute'
  return entry.obtain.how === 'beside' ? styleText('yellow', 'not found') : 'to fetch'
}

async function get(name: string): Promise<void> {
  const { rows, dimension, metric, queries, neighborsPerQuery } = await loadDataset(name)
  const facts = `${rows.toLocaleString('en')} x ${dimension}, ${metric}, ${queries.toLocaleString('en')} queries`
  console.log(`${name}: ${facts} with ${neighborsPerQuery} true neighbours each`)
  const entry = readRegistry().find((each) => each.name === name)
  if (entry) console.log(`${entry.about}\nsource: ${entry.source}\nlicence: ${entry.licence}`)
}

async function check(name: string): Promise<void> {
  const dataset = await loadDataset(name)
  const { dimension, metric, base, queries, neighborsPerQuery: k } = dataset
  const drawn = new Random(1).sample(Math.min(CHECKED_QUERIES, queries), queries)
  const part = new Float32Array(drawn.length * dimension)
  for (const [i, query] of drawn.entries()) {
    part.set(dataset.queryVectors.subarray(query * dimension, (query + 1) * dimension), i * dimension)
  }
  const { rows } = await groundTruth({ base, queryVectors: part, dimension, metric, k })
  // Held against the exact answers, the known ones must have perfect recall.
  const known = Uint32Array.from({ length: drawn.length * k }, (_, i) => {
    const query = drawn[Math.floor(i / k)] ?? 0
    return dataset.neighbors[query * k + (i % k)] ?? 0
  })
  const exact = new Recall({ ...dataset, queries: drawn.length, queryVectors: part, neighbors: rows })
  const recall = exact.at(k, known, k, drawn.length)
  console.log(
    `${name}: the known neighbours of ${drawn.length} queries have a recall of ${recall.toFixed(4)}`,
  )
  if (recall < 1)
    throw new OmenError('corrupt_dataset', `the neighbours that ${name} comes with are not the nearest`)
}
