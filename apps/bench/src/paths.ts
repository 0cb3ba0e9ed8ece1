import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout: this file lies in apps/bench/src, or compiled in apps/bench/dist. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), '../../..')

export const datasetsFolder: string = join(root, 'datasets')

/** Where data sets are downloaded and converted to; OMEN_DATASETS_CACHE names another folder. */
export function datasetsCache(): string {
  return process.env.OMEN_DATASETS_CACHE || join(datasetsFolder, '.cache')
}

/** Workloads, and the results that are kept. */
export const benchmarksFolder: string = join(root, 'benchmarks')

/** Reports and results that nobody asked to keep. */
export const reportsFolder: string = join(root, '.cache/bench')

/** The C++ programs that engines are compared with: their sources, and where they are compiled to. */
export const yardstickSource: string = join(root, 'apps/bench/yardstick/hnswlib.cpp')
export const memoryProbeSource: string = join(root, 'apps/bench/yardstick/memory.cpp')
export const yardstickBuild: string = join(root, 'apps/bench/build')

/** The workspace of the competing engines. */
export const competitorsFolder: string = join(root, 'apps/bench/competitors')

/** Style and script of the report's page. */
export const pageFolder: string = join(root, 'apps/bench/page')
