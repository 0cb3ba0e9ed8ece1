import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { progressBar } from '@omen/cli/terminal'
import { readNumbers } from '@omen/vector-files'
import { datasetsCache } from '../paths.ts'
import { cachePaths } from './cache.ts'
import type { Split } from './glove-wink.ts'
import { Random } from './random.ts'
import type { DatasetEntry, Generated } from './registry.ts'

/** Rows made before they are written. */
const CHUNK_ROWS = 4096
/** Deviation of the clusters' centres, of what lies in the flat that all share, and of what lies around it. */
const DEVIATIONS = { centre: 0.3, flat: 1, around: 0.1 }

/**
 * Makes vectors around centres that overlap, spread along few directions as real vectors are: hard to search in at any
 * number of rows, and as hard. For tests of scale alone; recall on them says nothing about recall on real data.
 */
export class Clusters {
  readonly #random: Random
  readonly #dimension: number
  readonly #directions: number
  readonly #centres: Float32Array
  /** dimension x directions */
  readonly #flat: Float32Array

  constructor(dimension: number, { seed, clusters, directions }: Generated) {
    const random = new Random(seed)
    this.#random = random
    this.#dimension = dimension
    this.#directions = directions
    this.#centres = Float32Array.from(
      { length: clusters * dimension },
      () => DEVIATIONS.centre * random.normal(),
    )
    const scale = DEVIATIONS.flat / Math.sqrt(directions)
    this.#flat = Float32Array.from({ length: dimension * directions }, () => scale * random.normal())
  }

  /** The next vectors, rows x dimension. */
  next(rows: number): Float32Array {
    const dimension = this.#dimension
    const directions = this.#directions
    const random = this.#random
    const out = new Float32Array(rows * dimension)
    const along = new Float64Array(directions)
    for (let row = 0; row < rows; row++) {
      const centre = random.below(this.#centres.length / dimension) * dimension
      for (let i = 0; i < directions; i++) along[i] = random.normal()
      for (let i = 0; i < dimension; i++) {
        let value = this.#centres[centre + i]! + DEVIATIONS.around * random.normal()
        for (let j = 0; j < directions; j++) value += this.#flat[i * directions + j]! * along[j]!
        out[row * dimension + i] = value
      }
    }
    return out
  }
}

/** Generates a data set chunk by chunk into a file, and reads it from there. */
export function generate({ name, rows, queries, dimension }: DatasetEntry, how: Generated): Split {
  const clusters = new Clusters(dimension, how)
  const { base, facts } = cachePaths(datasetsCache(), name)
  mkdirSync(dirname(base), { recursive: true })
  // What was there is no longer whole.
  rmSync(facts, { force: true })
  const bar = progressBar(`generating ${name}`)
  const file = openSync(base, 'w')
  try {
    for (let row = 0; row < rows; row += CHUNK_ROWS) {
      writeSync(file, clusters.next(Math.min(CHUNK_ROWS, rows - row)))
      bar.update({ done: Math.min(rows, row + CHUNK_ROWS), total: rows })
    }
  } finally {
    closeSync(file)
    bar.end()
  }
  return {
    base: readNumbers(base, 'f32', rows * dimension) as Float32Array,
    queryVectors: clusters.next(queries),
  }
}
