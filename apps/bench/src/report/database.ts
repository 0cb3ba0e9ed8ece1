import { number, ratio, recall } from '../format.ts'
import type { Latencies } from '../measure/database/latencies.ts'
import type { Life } from '../measure/database/life.ts'
import type { DatabaseResults } from '../measure/database/measure.ts'
import type { Overwrites } from '../measure/database/overwrites.ts'
import type { Burst, SharedSyncs } from '../measure/database/writes.ts'
import type { Results } from '../results.ts'
import { markdownTable, measuredBy } from './markdown.ts'

/** A run of the command database, as it is kept. */
export interface DatabaseRun extends Pick<Results, 'environment' | 'command' | 'startedAt'> {
  readonly format: 'omen-database/1'
  readonly dataset: string
  readonly dimension: number
  readonly results: DatabaseResults
}

const LATENCY_HEADS = ['ms', 'calls', 'p50', 'p95', 'p99', 'most']
const mib = (bytes: number | undefined): string => (bytes === undefined ? '–' : number(bytes / 2 ** 20))

/** The document about the database. */
export function databaseMarkdown(run: DatabaseRun): string {
  const { burst, sharedSyncs, overhead, overwrites, life, seconds } = run.results
  const took = Object.entries(seconds).map(([part, each]) => `${part} ${number(each)}`)
  return `# The database, measured

Vectors of ${run.dataset}, ${run.dimension} components, each with payload: stored text, a topic to filter by, a number. Every
write is durable: it is waited for until it would survive a power cut. All settings are the defaults.

${figures(run.results)}

## Writes

${burstText(burst)}

${sharedText(sharedSyncs)}

## Searches

A search for ${overhead.k} through a collection of ${overhead.rows.toLocaleString('en')} rows, two payload fields of each hit read, takes
${number(overhead.databaseMicros)} µs, and one of the bare index out of the same file ${number(overhead.bareMicros)} µs: query by query ${number(overhead.addedMicros)} µs more.

## From empty to opened again

${lifeText(life)}

## Overwriting

${overwritesText(overwrites)}

Seconds that it took to measure: ${took.join(', ')}.

${measuredBy(run)}
`
}

/** What the database is to show, and what it shows. */
function figures({ burst, sharedSyncs, overhead, overwrites, life }: DatabaseResults): string {
  const last = overwrites.rounds.at(-1)
  const bytes = (last?.diskBytes ?? Number.NaN) / overwrites.fresh.diskBytes
  const harmed = overwrites.rounds.reduce((sum, { lost, wrong }) => sum + lost + wrong, 0)
  const rows: [string, string, string, boolean][] = [
    ['durable rows/s in a burst', number(burst.rowsPerSecond), '≥ 20,000', burst.rowsPerSecond >= 20_000],
    [
      `rows a sync, ${sharedSyncs.callers} callers`,
      number(sharedSyncs.rowsPerSync),
      '> 1',
      sharedSyncs.rowsPerSync > 1,
    ],
    ['µs added to a search', number(overhead.addedMicros), '≤ 40', overhead.addedMicros <= 40],
    [
      'open to first answer, ms',
      number(life.reopened.firstAnswerMs),
      '< 1,000',
      life.reopened.firstAnswerMs < 1000,
    ],
    [
      'recall against a fresh index',
      (life.recall - life.freshRecall).toFixed(4),
      '≥ −0.005',
      life.recall >= life.freshRecall - 0.005,
    ],
    ['bytes on disk after overwriting', ratio(bytes), '≤ 1.5×', bytes <= 1.5],
    ['rows lost or wrong after overwriting', number(harmed), '0', harmed === 0],
  ]
  return markdownTable(
    ['figure', 'measured', 'wanted', ''],
    rows.map(([says, measured, wanted, met]) => [says, measured, wanted, met ? 'met' : '**missed**']),
  )
}

function latencyRow(what: string, { count, p50, p95, p99, most }: Latencies): string[] {
  return [what, ...[count, p50, p95, p99, most].map(number)]
}

function burstText({ rows, batchRows, rowsPerSecond, batches, diskMs, cpuMicrosPerRow }: Burst): string {
  return `${rows.toLocaleString('en')} rows into an empty database, ${batchRows.toLocaleString('en')} a call, one call after another: ${number(rowsPerSecond)} rows/s, ${number(cpuMicrosPerRow)} µs of processor
time a row, that of linking in the background included. The disk alone takes ${number(diskMs)} ms to append and sync the vectors
of a batch.

${markdownTable(LATENCY_HEADS, [latencyRow('batch', batches)])}`
}

function sharedText({ callers, rows, rowsPerSecond, rowsPerSync, writes, diskMs }: SharedSyncs): string {
  return `${rows.toLocaleString('en')} rows by ${callers} callers, each writing one row and waiting for it: ${number(rowsPerSecond)} rows/s, ${number(rowsPerSync)} rows a sync. The disk alone takes
${number(diskMs)} ms to append and sync one vector.

${markdownTable(LATENCY_HEADS, [latencyRow('write of one row', writes)])}`
}

function lifeText(life: Life): string {
  const { reopened, memoryBudgetBytes } = life
  const [before, first, after] = reopened.memory
  const grown = (now: typeof first): string =>
    now && before ? `${mib(now.anonymousBytes - before.anonymousBytes)} MiB of memory` : 'unknown memory'
  return `${life.rows.toLocaleString('en')} rows are written in batches and searched meanwhile, one search every 10 ms, with \`memoryBudgetBytes\` of
${mib(memoryBudgetBytes)} MiB: ${number(life.writeSeconds)} s in all, and ${number(life.steadyRowsPerSecond)} rows/s in the second half, when indexing sets the pace. The process grows by
at most ${mib(life.writerBytes)} MiB, and its event loop is late by ${number(life.lateness.p99)} ms at the 99th percentile, by ${number(life.lateness.most)} ms at most. Closing takes ${number(life.closeSeconds)} s, and leaves ${mib(life.diskBytes)} MiB on disk.

Another process opens it in ${number(reopened.openMs)} ms, and its first search has answered after ${number(reopened.firstAnswerMs)} ms, over ${reopened.segments} segments. It has
grown by ${grown(first)} then, and by ${grown(after)} after all searches; ${mib(after?.fileBytes)} MiB of mapped files are resident.

${markdownTable(LATENCY_HEADS, [
  latencyRow('batch', life.batches),
  latencyRow('search while writing', life.searches),
  latencyRow('search, opened again', reopened.searches),
])}

Recall@10 is ${recall(life.recall)}; that of a fresh index of the same vectors, built in ${number(life.freshBuildSeconds)} s on all threads, ${recall(life.freshRecall)}.`
}

function overwritesText({ rows, rounds, fresh }: Overwrites): string {
  const line = (name: string, round: Overwrites['fresh']): string[] => [
    name,
    mib(round.diskBytes),
    recall(round.recall),
    number(round.lost),
    number(round.wrong),
    number(round.writeSeconds),
    number(round.optimizeSeconds),
  ]
  return `All of ${rows.toLocaleString('en')} rows are overwritten with other vectors and \`optimize()\` is waited for, again and again. Recall is against
exact search in the same database; wrong are rows that are there twice, or as an earlier round wrote them.

${markdownTable(
  ['times overwritten', 'MiB on disk', 'recall@10', 'lost', 'wrong', 'write s', 'optimize s'],
  [...rounds.map((round) => line(String(round.round), round)), line('a fresh database', fresh)],
)}`
}
