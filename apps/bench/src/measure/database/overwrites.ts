import { join } from 'node:path'
import { type Database, open } from '@omen/db'
import type { Dataset } from '../../data/dataset.ts'
import { timed } from './latencies.ts'
import { BATCH_ROWS, openRows, type Rows, rowOf, writeRows } from './rows.ts'

const MOST_ROWS = 20_000
const SAMPLES = 200

/** What a database is after all its rows were overwritten again. */
export interface OverwriteRound {
  readonly round: number
  readonly writeSeconds: number
  readonly optimizeSeconds: number
  readonly diskBytes: number
  /** Against exact search in the same database. */
  readonly recall: number
  /** Rows that were not there, and rows that were there twice or as an earlier round had written them. */
  readonly lost: number
  readonly wrong: number
}

/** A database all of whose rows are overwritten and optimized again and again, and a fresh one of the last rows. */
export interface Overwrites {
  readonly rows: number
  /** The first is the one that wrote the rows. */
  readonly rounds: readonly OverwriteRound[]
  readonly fresh: OverwriteRound
}

/** Overwrites them. */
export async function measureOverwrites(
  dataset: Dataset,
  folder: string,
  times: number,
  onProgress: (line: string) => void,
): Promise<Overwrites> {
  const count = Math.min(dataset.rows, MOST_ROWS)
  const through = async (name: string, from: number): Promise<OverwriteRound[]> => {
    const db = await open(join(folder, name))
    try {
      const rows = await openRows(db, dataset)
      const rounds: OverwriteRound[] = []
      for (let round = from; round <= times; round++) {
        rounds.push(await overwrite(db, rows, dataset, count, round))
        onProgress(`overwrote all rows ${round} of ${times} times`)
      }
      return rounds
    } finally {
      await db.close()
    }
  }
  const rounds = await through('overwritten', 0)
  const [fresh] = await through('fresh', times)
  return { rows: count, rounds, fresh: fresh as OverwriteRound }
}

async function overwrite(
  db: Database,
  rows: Rows,
  dataset: Dataset,
  count: number,
  round: number,
): Promise<OverwriteRound> {
  const write = async (): Promise<void> => {
    for (let from = 0; from < count; from += BATCH_ROWS) {
      const to = Math.min(from + BATCH_ROWS, count)
      await writeRows(rows, dataset, from, to, { round, shift: round * count })
    }
  }
  const writeSeconds = (await timed(write)) / 1000
  const optimizeSeconds = (await timed(() => rows.optimize())) / 1000
  const seen = new Set<number>()
  let wrong = 0
  for await (const { id, round: written } of rows.scan({ select: ['round'] })) {
    if (seen.has(rowOf(id)) || written !== round) wrong++
    seen.add(rowOf(id))
  }
  const { recall } = await rows.measureRecall({ samples: SAMPLES })
  const { diskBytes } = await db.stats()
  return { round, writeSeconds, optimizeSeconds, diskBytes, recall, lost: count - seen.size, wrong }
}
