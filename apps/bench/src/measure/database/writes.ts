import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from '@omen/db'
import { fileStorage } from '@omen/storage-mmap'
import type { Dataset } from '../../data/dataset.ts'
import { median } from '../statistics.ts'
import { CountingStorage } from './counting-storage.ts'
import { type Latencies, latencies, timed } from './latencies.ts'
import { BATCH_ROWS, openRows, writeRows } from './rows.ts'

/** Rows that a burst writes: fewer than those at which writers begin to wait for graphs. */
const BURST_ROWS = 50_000
const CALLERS = 64
const ROWS_PER_CALLER = 50
const SYNCS = 30

/** A burst of durable writes into an empty database, one after another. */
export interface Burst {
  readonly rows: number
  readonly batchRows: number
  readonly rowsPerSecond: number
  /** Milliseconds of each batch. */
  readonly batches: Latencies
  /** Milliseconds that the disk alone takes to append as many bytes as a batch has in the log, and to sync them. */
  readonly diskMs: number
  /** Processor time of all threads, those that link rows included, in microseconds a row. */
  readonly cpuMicrosPerRow: number
}

/** Durable writes of one row each, by callers that each wait for theirs. */
export interface SharedSyncs {
  readonly callers: number
  readonly rows: number
  readonly rowsPerSecond: number
  readonly rowsPerSync: number
  /** Milliseconds of each write. */
  readonly writes: Latencies
  /** Milliseconds that the disk alone takes to append a row and to sync it. */
  readonly diskMs: number
}

/** Writes batch after batch, each waited for. */
export async function measureBurst(dataset: Dataset, folder: string): Promise<Burst> {
  const count = Math.min(dataset.rows, BURST_ROWS)
  const db = await open(join(folder, 'burst'))
  try {
    const rows = await openRows(db, dataset)
    const times: number[] = []
    const cpu = process.cpuUsage()
    for (let from = 0; from < count; from += BATCH_ROWS) {
      times.push(await timed(() => writeRows(rows, dataset, from, Math.min(from + BATCH_ROWS, count))))
    }
    const { user, system } = process.cpuUsage(cpu)
    return {
      rows: count,
      batchRows: BATCH_ROWS,
      rowsPerSecond: (count / times.reduce((sum, each) => sum + each, 0)) * 1000,
      batches: latencies(times),
      diskMs: await syncedAppendMs(folder, BATCH_ROWS * dataset.dimension * 4),
      cpuMicrosPerRow: (user + system) / count,
    }
  } finally {
    await db.close()
  }
}

/** Lets many callers write one row after another, and counts how many share a sync. */
export async function measureSharedSyncs(dataset: Dataset, folder: string): Promise<SharedSyncs> {
  const files = await fileStorage(join(folder, 'callers'))
  const storage = new CountingStorage(files)
  const db = await open(storage)
  try {
    const rows = await openRows(db, dataset)
    const count = Math.min(dataset.rows, CALLERS * ROWS_PER_CALLER)
    const syncsBefore = storage.syncs
    const times: number[] = []
    let next = 0
    const call = async (): Promise<void> => {
      for (let row = next++; row < count; row = next++) {
        times.push(await timed(() => writeRows(rows, dataset, row, row + 1)))
      }
    }
    const took = await timed(() => Promise.all(Array.from({ length: CALLERS }, call)))
    return {
      callers: CALLERS,
      rows: count,
      rowsPerSecond: (count / took) * 1000,
      rowsPerSync: count / (storage.syncs - syncsBefore),
      writes: latencies(times),
      diskMs: await syncedAppendMs(folder, dataset.dimension * 4),
    }
  } finally {
    await db.close()
    await files.close()
  }
}

/** The milliseconds of an append and a sync, by nothing but system calls. */
async function syncedAppendMs(folder: string, sizeBytes: number): Promise<number> {
  const file = await openFile(join(folder, 'appends'), 'w')
  try {
    const bytes = new Uint8Array(sizeBytes).fill(1)
    const times: number[] = []
    for (let i = 0; i < SYNCS; i++) {
      times.push(
        await timed(async () => {
          await file.write(bytes)
          await file.datasync()
        }),
      )
    }
    return median(times)
  } finally {
    await file.close()
  }
}
