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
  /** What each part of the measurement took. */
  readonly seconds: Readonly<Record<string, number>>
}

/** Measures durable writes, searches through a collection, overwriting, and a database's life from empty to reopened. */
export async function measureDatabase(dataset: Dataset, options: DatabaseOptions): Promise<DatabaseResults> {
  const { memoryBudgetBytes, times, rounds, onProgress } = options
  mkdirSync(options.folder, { recursive: true })
  const folder = mkdtempSync(join(options.folder, 'database-'))
  const seconds: Record<string, number> = {}
  const part = async <T>(name: string, measure: () => Promise<T>): Promise<T> => {
    onProgress(name)
    const start = performance.now()
    const result = await measure()
    seconds[name] = (performance.now() - start) / 1000
    return result
  }
  try {
    return {
      burst: await part('durable batches', () => measureBurst(dataset, folder)),
      sharedSyncs: await part('durable rows by many callers', () => measureSharedSyncs(dataset, folder)),
      overhead: await part('searches through a collection', () => measureOverhead(dataset, folder, rounds)),
      overwrites: await part('overwriting', () => measureOverwrites(dataset, folder, times, onProgress)),
      life: await part('from empty to opened again', () =>
        measureLife(dataset, folder, memoryBudgetBytes, onProgress),
      ),
      seconds,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
