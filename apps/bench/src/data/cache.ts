import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { malformed, readNumbers, writeNumbers } from '@omen/vector-files'
import { type Dataset, type DatasetFacts, metricNamed } from './dataset.ts'

/**
 * Data sets as plain numbers, little-endian and without headers, beside a JSON file of facts: what every engine,
 * in whatever language, reads in one go.
 */
export interface CachePaths {
  readonly facts: string
  readonly base: string
  readonly queries: string
  readonly neighbors: string
  /** What each row and each query stands for, a JSON object a line; few data sets have it. */
  readonly payload: string
  readonly queryPayload: string
}

/** Where the files of a data set lie in a cache folder. */
export function cachePaths(folder: string, name: string): CachePaths {
  return {
    facts: join(folder, `${name}.json`),
    base: join(folder, `${name}.base.f32bin`),
    queries: join(folder, `${name}.query.f32bin`),
    neighbors: join(folder, `${name}.neighbors.u32bin`),
    payload: join(folder, `${name}.payload.jsonl`),
    queryPayload: join(folder, `${name}.query-payload.jsonl`),
  }
}

/** The facts of a cached data set; undefined when it is not there, or not whole. */
export function cachedFacts(folder: string, name: string): DatasetFacts | undefined {
  const paths = cachePaths(folder, name)
  // The facts are written last, so they vouch for the rest.
  if (!existsSync(paths.facts) || !existsSync(paths.base)) return undefined
  return parseFacts(paths.facts, name)
}

/** Writes a data set into a cache folder, replacing what was there. */
export function writeCached(folder: string, dataset: Dataset): void {
  mkdirSync(folder, { recursive: true })
  const paths = cachePaths(folder, dataset.name)
  rmSync(paths.facts, { force: true })
  writeNumbers(paths.base, dataset.base)
  writeNumbers(paths.queries, dataset.queryVectors)
  writeNumbers(paths.neighbors, dataset.neighbors)
  const { base: _, queryVectors: __, neighbors: ___, ...facts } = dataset
  writeFileSync(`${paths.facts}.new`, `${JSON.stringify(facts, null, 2)}\n`)
  renameSync(`${paths.facts}.new`, paths.facts)
}

/**
 * Reads a cached data set.
 *
 * @throws OmenError `not_found`, `corrupt_dataset`
 */
export function readCached(folder: string, name: string): Dataset {
  const paths = cachePaths(folder, name)
  const facts = parseFacts(paths.facts, name)
  return {
    ...facts,
    base: readNumbers(paths.base, 'f32', facts.rows * facts.dimension) as Float32Array,
    queryVectors: readNumbers(paths.queries, 'f32', facts.queries * facts.dimension) as Float32Array,
    neighbors: readNumbers(paths.neighbors, 'u32', facts.queries * facts.neighborsPerQuery) as Uint32Array,
  }
}

function parseFacts(path: string, name: string): DatasetFacts {
  let facts: Partial<Record<keyof DatasetFacts, unknown>>
  try {
    facts = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw malformed(path, 'is no JSON', error)
  }
  const metric = metricNamed(String(facts.metric))
  const whole = (key: keyof DatasetFacts): number => {
    const value = facts[key]
    if (!Number.isInteger(value) || (value as number) < 1) throw malformed(path, `has no valid "${key}"`)
    return value as number
  }
  if (!metric) throw malformed(path, 'has no valid "metric"')
  return {
    name,
    metric,
    dimension: whole('dimension'),
    rows: whole('rows'),
    queries: whole('queries'),
    neighborsPerQuery: whole('neighborsPerQuery'),
  }
}
