import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { progressBar } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { malformed, readMatrix, toFloats } from '@omen/vector-files'
import { datasetsCache } from '../paths.ts'
import { readHdf5 } from './ann-hdf5.ts'
import { cachedFacts, cachePaths, readCached, writeCached } from './cache.ts'
import type { Dataset, FloatMetric } from './dataset.ts'
import { generate } from './generated.ts'
import { holdOut, readWinkEmbeddings } from './glove-wink.ts'
import { groundTruth } from './ground-truth.ts'
import { discardSource, obtain } from './obtain.ts'
import { type DatasetEntry, findEntry } from './registry.ts'
import { embedWordnet } from './wordnet-use.ts'

/** True neighbours that are found for each query when a data set brings none. */
const NEIGHBORS = 100

/** Vectors and queries whose answers may not be known yet. */
interface Unanswered {
  readonly name: string
  readonly metric: FloatMetric
  readonly dimension: number
  readonly base: Float32Array
  readonly queryVectors: Float32Array
  readonly known?: { readonly neighbors: Uint32Array; readonly perQuery: number }
}

/**
 * Loads a data set, fetching and converting it the first time; from then on it comes from the cache.
 *
 * @param which a name from datasets.json; or a path to an HDF5 file; or `base,queries` or `base,queries,neighbors`,
 * paths to files of vectors
 * @param metric for files of vectors, which do not say it
 * @throws OmenError `not_found`, `corrupt_dataset`, `unsupported`, `checksum_mismatch`, `io`
 */
export async function loadDataset(which: string, metric?: FloatMetric): Promise<Dataset> {
  const files = which.split(',')
  if (files.length === 1 && !existsSync(which)) {
    const entry = findEntry(which)
    if (!cachedFacts(datasetsCache(), which)) await convert(entry)
    return readCached(datasetsCache(), which)
  }
  const name = nameOfFiles(files, metric)
  if (!cachedFacts(datasetsCache(), name))
    writeCached(datasetsCache(), await answered(await readFiles(name, files, metric)))
  return readCached(datasetsCache(), name)
}

/** A part of a data set: its first rows and queries, with the answers found anew. */
export async function subset(dataset: Dataset, rows: number, queries: number): Promise<Dataset> {
  const { dimension } = dataset
  if (rows >= dataset.rows && queries >= dataset.queries) return dataset
  const kept = { rows: Math.min(rows, dataset.rows), queries: Math.min(queries, dataset.queries) }
  const queryVectors = dataset.queryVectors.slice(0, kept.queries * dimension)
  if (kept.rows === dataset.rows) {
    const neighbors = dataset.neighbors.slice(0, kept.queries * dataset.neighborsPerQuery)
    return { ...dataset, ...kept, queryVectors, neighbors }
  }
  const part = { ...dataset, name: `${dataset.name}-first-${kept.rows}`, queryVectors }
  return answered({ ...part, base: dataset.base.slice(0, kept.rows * dimension) })
}

/** Where the raw files of a data set lie, written there when they are not: what engines in other processes read. */
export function rawFiles(dataset: Dataset): ReturnType<typeof cachePaths> {
  const facts = cachedFacts(datasetsCache(), dataset.name)
  if (facts?.rows !== dataset.rows || facts.queries !== dataset.queries) {
    // A data set cut to fewer queries keeps its name, and must not replace the whole one.
    const name = `${dataset.name}-${dataset.rows}x${dataset.queries}`
    writeCached(datasetsCache(), { ...dataset, name })
    return cachePaths(datasetsCache(), name)
  }
  return cachePaths(datasetsCache(), dataset.name)
}

async function convert(entry: DatasetEntry): Promise<void> {
  const { name, metric, dimension, obtain: how } = entry
  if (how.how === 'generated') {
    writeCached(datasetsCache(), await answered({ name, metric, dimension, ...generate(entry, how) }))
    return
  }
  if (how.how === 'embedded') {
    writeCached(datasetsCache(), await answered({ name, metric, ...(await embedWordnet(entry, how.seed)) }))
    discardSource(entry)
    return
  }
  const path = await obtain(entry)
  const raw = how.how === 'npm' ? readWords(entry, path, how.seed) : await readFile(name, path)
  const dataset = await answered(raw)
  // Zero vectors are dropped, so rows may be fewer than announced, but not more.
  const same = dataset.dimension === entry.dimension && dataset.metric === entry.metric
  if (!same || dataset.rows > entry.rows || dataset.queries > entry.queries) {
    throw malformed(
      path,
      `has ${dataset.rows} x ${dataset.dimension} ${dataset.metric} vectors and ${dataset.queries} queries, other than datasets.json says`,
    )
  }
  writeCached(datasetsCache(), dataset)
  discardSource(entry)
}

function readWords({ name, metric, queries }: DatasetEntry, path: string, seed: number): Unanswered {
  const bar = progressBar(`reading ${name}`, () => '')
  const words = readWinkEmbeddings(path, bar.update)
  bar.end()
  return { name, metric, dimension: words.dimension, ...holdOut(words, queries, seed) }
}

async function readFile(name: string, path: string): Promise<Unanswered> {
  const { metric, train, test, neighbors } = await readHdf5(path)
  const known = { neighbors: neighbors.values, perQuery: neighbors.dimension }
  return { name, metric, dimension: train.dimension, base: train.values, queryVectors: test.values, known }
}

async function readFiles(
  name: string,
  files: string[],
  metric: FloatMetric | undefined,
): Promise<Unanswered> {
  const [basePath, queryPath, neighborsPath, more] = files
  if (basePath === undefined || more !== undefined) {
    throw new OmenError(
      'invalid_argument',
      'a data set is one HDF5 file, or base,queries, or base,queries,neighbors',
    )
  }
  if (queryPath === undefined) return readFile(name, basePath)
  if (!metric) throw new OmenError('invalid_argument', 'files of vectors need --metric l2, cosine or dot')
  const base = readMatrix(basePath)
  const query = readMatrix(queryPath)
  if (base.dimension !== query.dimension) {
    throw new OmenError(
      'dimension_mismatch',
      `${basePath} is of dimension ${base.dimension}, ${queryPath} of ${query.dimension}`,
    )
  }
  const raw = {
    name,
    metric,
    dimension: base.dimension,
    base: toFloats(base.values),
    queryVectors: toFloats(query.values),
  }
  if (neighborsPath === undefined) return raw
  const neighbors = readMatrix(neighborsPath)
  if (neighbors.rows !== query.rows)
    throw malformed(neighborsPath, `has ${neighbors.rows} rows for ${query.rows} queries`)
  const stray = neighbors.values.findIndex((row) => row < 0 || row >= base.rows)
  if (stray >= 0) throw malformed(neighborsPath, `names row ${neighbors.values[stray]} of ${base.rows}`)
  return { ...raw, known: { neighbors: Uint32Array.from(neighbors.values), perQuery: neighbors.dimension } }
}

/** Adds the true neighbours where they are not known, or no longer right because zero vectors were dropped. */
async function answered(raw: Unanswered): Promise<Dataset> {
  const { name, metric, dimension } = raw
  const base = metric === 'cosine' ? withoutZeros(raw.base, dimension) : raw.base
  const queryVectors = metric === 'cosine' ? withoutZeros(raw.queryVectors, dimension) : raw.queryVectors
  const facts = {
    name,
    metric,
    dimension,
    rows: base.length / dimension,
    queries: queryVectors.length / dimension,
  }
  if (raw.known && base === raw.base && queryVectors === raw.queryVectors) {
    return {
      ...facts,
      neighborsPerQuery: raw.known.perQuery,
      base,
      queryVectors,
      neighbors: raw.known.neighbors,
    }
  }
  const k = Math.min(NEIGHBORS, facts.rows)
  const bar = progressBar(`finding the true neighbours of ${name}`)
  const { rows } = await groundTruth({ base, queryVectors, dimension, metric, k, onProgress: bar.update })
  bar.end()
  return { ...facts, neighborsPerQuery: k, base, queryVectors, neighbors: rows }
}

/** Vectors without those that are all zero, which have no direction; the array itself when there are none. */
export function withoutZeros(vectors: Float32Array, dimension: number): Float32Array {
  const zero = (row: number): boolean => {
    for (let i = row * dimension; i < (row + 1) * dimension; i++) if (vectors[i] !== 0) return false
    return true
  }
  const kept: number[] = []
  for (let row = 0; row < vectors.length / dimension; row++) if (!zero(row)) kept.push(row)
  if (kept.length * dimension === vectors.length) return vectors
  const out = new Float32Array(kept.length * dimension)
  for (const [i, row] of kept.entries())
    out.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension)
  return out
}

/** A name for files of the user's: the same files, unchanged and by the same metric, give the same name. */
function nameOfFiles(files: string[], metric: FloatMetric | undefined): string {
  const hash = createHash('sha256').update(`${metric}\0`)
  for (const file of files) {
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found) throw new OmenError('not_found', `there is no file ${file}`)
    hash.update(`${resolve(file)}\0${found.size}\0${found.mtimeMs}\0`)
  }
  return `${basename(files[0] ?? '').replace(/\.[^.]*$/, '')}-${hash.digest('hex').slice(0, 8)}`
}
