import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset } from '../../data/dataset.ts'
import { type Life, measureLife } from './life.ts'
import { measureOverhead, type Overhead } from './overhead.ts'
import { measureOverwrites, type Overwrites } from './overwrites.ts'
import { type Burst, measureBurst, measureSharedSyncs, type SharedSyncs } from './writes.ts'

export interface DatabaseOptions {
  /** Where the databases lie while they are measured: on the disk that is measured with them. */
  readonly folder: string
  readonly memoryBudgetBytes: number
  /** How often all rows are overwritten. */
  readonly times: number
  /** How often queries are asked of a collection and of the bare index. */
  readonly rounds: number
  readonly onProgress: (line: string) => void
}

/** What a database does with a data set. */
export interface DatabaseResults {
  readonly burst: Burst
  readonly sharedSyncs: SharedSyncs
  readonly overhead: Overhead
  readonly overwrites: Overwrites
  readonly life: Life
}

/** Measures durable writes, searches through a collection, overwriting, and a database's life from empty to reopened. */
export async function measureDatabase(dataset: Dataset, options: DatabaseOptions): Promise<DatabaseResults> {
  const { memoryBudgetBytes, times, rounds, onProgress } = options
  mkdirSync(options.folder, { recursive: true })
  const folder = mkdtempSync(join(options.folder, 'database-'))
  try {
    onProgress('durable writes')
    const burst = await measureBurst(dataset, folder)
    const sharedSyncs = await measureSharedSyncs(dataset, folder)
    onProgress('searches through a collection')
    const overhead = await measureOverhead(dataset, folder, rounds)
    onProgress('overwriting')
    const overwrites = await measureOverwrites(dataset, folder, times, onProgress)
    onProgress('all rows')
    const life = await measureLife(dataset, folder, memoryBudgetBytes, onProgress)
    return { burst, sharedSyncs, overhead, overwrites, life }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
