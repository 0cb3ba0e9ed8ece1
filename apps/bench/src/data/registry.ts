import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OmenError } from '@omen/core'
import { malformed } from '@omen/vector-files'
import { datasetsCache, datasetsFolder, root } from '../paths.ts'
import type { FloatMetric } from './dataset.ts'

/** What generated vectors are made by. */
export interface Generated {
  readonly seed: number
  readonly clusters: number
  /** Along which they are spread. */
  readonly directions: number
}

/** How a data set comes to this machine. */
export type Obtain =
  | { readonly how: 'kept'; readonly file: string }
  | { readonly how: 'beside'; readonly file: string }
  | { readonly how: 'url'; readonly url: string }
  | ({ readonly how: 'generated' } & Generated)
  /** WordNet's glosses through the model of @omen/wordnet, drawn by the seed. */
  | { readonly how: 'embedded'; readonly seed: number }
  | {
      readonly how: 'npm'
      /** Versions by name, all of them installed into one folder of this data set's own. */
      readonly packages: Readonly<Record<string, string>>
      /** The file that the data set is read from, below node_modules. */
      readonly file: string
      /** Seed of the generator that draws the queries. */
      readonly seed: number
    }

/** One entry of datasets.json. */
export interface DatasetEntry {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly source: string
  readonly licence: string
  readonly rows: number
  readonly queries: number
  readonly dimension: number
  readonly metric: FloatMetric
  /** Of the file as obtained, where known. */
  readonly sizeBytes?: number
  readonly sha256?: string
  readonly obtain: Obtain
}

/**
 * Reads the list of known data sets.
 *
 * @throws OmenError `corrupt_dataset` when datasets.json is broken
 */
export function readRegistry(path: string = join(datasetsFolder, 'datasets.json')): DatasetEntry[] {
  let entries: Record<string, Omit<DatasetEntry, 'name'>>
  try {
    entries = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw malformed(path, 'is missing or no JSON', error)
  }
  return Object.entries(entries).map(([name, entry]) => {
    for (const key of ['title', 'source', 'licence', 'metric'] as const) {
      if (typeof entry[key] !== 'string') throw malformed(path, `has no "${key}" for ${name}`)
    }
    for (const key of ['rows', 'queries', 'dimension'] as const) {
      if (!Number.isInteger(entry[key])) throw malformed(path, `has no "${key}" for ${name}`)
    }
    if (!['kept', 'beside', 'url', 'npm', 'generated', 'embedded'].includes(entry.obtain?.how)) {
      throw malformed(path, `does not say how ${name} is obtained`)
    }
    return { name, ...entry }
  })
}

/**
 * Finds a data set by name.
 *
 * @throws OmenError `not_found`, naming those that exist
 */
export function findEntry(name: string): DatasetEntry {
  const entries = readRegistry()
  const entry = entries.find((each) => each.name === name)
  if (entry) return entry
  throw new OmenError(
    'not_found',
    `there is no data set ${name}; there are ${entries.map((e) => e.name).join(', ')}`,
  )
}

/**
 * The folders where files of data sets may lie: `datasets` and its cache, those named in OMEN_DATASETS (separated as in
 * PATH), and a datasets folder beside the checkout.
 */
export function searchFolders(): string[] {
  const named = (process.env.OMEN_DATASETS ?? '').split(process.platform === 'win32' ? ';' : ':')
  return [
    datasetsFolder,
    datasetsCache(),
    ...named.filter((folder) => folder !== ''),
    join(root, '../shared/datasets'),
  ]
}

/** The first of the folders' files with that name; undefined when none has it. */
export function locate(file: string, folders: readonly string[] = searchFolders()): string | undefined {
  return folders.map((folder) => join(folder, file)).find((path) => existsSync(path))
}

/** The file that a data set is read from when it is there already, without fetching anything. */
export function locateSource({ name, obtain }: DatasetEntry): string | undefined {
  switch (obtain.how) {
    case 'kept':
    case 'beside':
      return locate(obtain.file)
    case 'url':
      return locate(`${name}.hdf5`)
    case 'generated':
    case 'embedded':
      return undefined
    case 'npm':
      return locate(join('npm', name, 'node_modules', obtain.file))
  }
}
