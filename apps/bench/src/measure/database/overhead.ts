import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { OmenError } from '@omen/core'
import { open } from '@omen/db'
import { Hnsw } from '@omen/hnsw'
import { sq8 } from '@omen/quant'
import type { Dataset } from '../../data/dataset.ts'
import { median } from '../statistics.ts'
import { timed } from './latencies.ts'
import { BATCH_ROWS, openRows, writeRows } from './rows.ts'

const MOST_ROWS = 60_000
const K = 10

/** A search through a collection, with the payload of its hits, against one of the bare index out of the same file. */
export interface Overhead {
  readonly rows: number
  readonly k: number
  /** Microseconds of one search, the middle of all. */
  readonly bareMicros: number
  readonly databaseMicros: number
  /** The middle of what a search through the collection takes longer than the bare one for the same query. */
  readonly addedMicros: number
}

/** Asks both every query, one right after the other, the first of them by turns. */
export async function measureOverhead(dataset: Dataset, folder: string, rounds: number): Promise<Overhead> {
  const path = join(folder, 'overhead')
  const count = Math.min(dataset.rows, MOST_ROWS)
  await write(dataset, path, count)
  const db = await open(path)
  const index = await Hnsw.open(graphFile(path), { quantizers: [sq8()] })
  try {
    const rows = await openRows(db, dataset)
    const { queryVectors, dimension, queries } = dataset
    const bare: number[] = []
    const through: number[] = []
    // The first round warms both up.
    for (let round = 0; round <= rounds; round++) {
      for (let i = 0; i < queries; i++) {
        const embedding = queryVectors.subarray(i * dimension, (i + 1) * dimension)
        const ask = async (): Promise<number> => timed(() => index.search(embedding, { k: K }))
        const askDatabase = async (): Promise<number> =>
          timed(() => rows.search({ vector: { embedding }, select: ['title', 'topic'], limit: K }))
        const first = (i + round) % 2 === 0
        const before = first ? await ask() : undefined
        const database = await askDatabase()
        const alone = before ?? (await ask())
        if (round === 0) continue
        bare.push(alone)
        through.push(database)
      }
    }
    return {
      rows: count,
      k: K,
      bareMicros: median(bare) * 1000,
      databaseMicros: median(through) * 1000,
      addedMicros: median(through.map((time, i) => time - (bare[i] ?? 0))) * 1000,
    }
  } finally {
    await index.close()
    await db.close()
  }
}

async function write(dataset: Dataset, path: string, count: number): Promise<void> {
  const db = await open(path)
  try {
    const rows = await openRows(db, dataset)
    for (let from = 0; from < count; from += BATCH_ROWS) {
      await writeRows(rows, dataset, from, Math.min(from + BATCH_ROWS, count))
    }
    await rows.optimize()
  } finally {
    await db.close()
  }
}

function graphFile(path: string): string {
  const [file, ...others] = readdirSync(path).filter((name) => name.endsWith('.hnsw'))
  if (file === undefined || others.length > 0) {
    throw new OmenError('invalid_argument', 'there are too few rows for a graph: give more with --rows')
  }
  return join(path, file)
}
