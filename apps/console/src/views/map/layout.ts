import { UMAP } from 'umap-js'
import { type Matrix, principalComponents } from './pca.ts'
import { mulberry32 } from './random.ts'

/** `umap` keeps neighbours together; `pca` keeps large distances, and is there at once. */
export type LayoutName = 'umap' | 'pca'

/** Positions as x, y after x, y, and how far the work has come, from 0 to 1. */
export type Report = (positions: Float32Array, done: number) => void

/** How many rows are laid out themselves; where there are more, so many landmarks, and the others between those near them. */
export interface LayoutLimits {
  readonly rows: number
  readonly landmarks: number
}

const LIMITS: LayoutLimits = { rows: 6000, landmarks: 2500 }
const NEAREST = 4
/** Directions that distances are taken in: the others add little but time. */
const DIRECTIONS = 24
const REPORT_MS = 250
const SEED = 0x0e4

/** Lays out vectors on a plane; reports a first, rough picture and then better ones. */
export function layOut(
  vectors: Matrix,
  name: LayoutName,
  report: Report,
  limits: LayoutLimits = LIMITS,
): void {
  const random = mulberry32(SEED)
  const reduced = principalComponents(vectors, name === 'pca' ? 2 : DIRECTIONS, random)
  const rows = reduced.values.length / Math.max(1, reduced.dimension)
  report(firstTwo(reduced), name === 'pca' ? 1 : 0)
  if (name === 'pca' || rows < 4) return
  const landmarks = rows <= limits.rows ? rows : Math.min(rows, limits.landmarks)
  const picked = pick(rows, landmarks, random)
  const place = landmarks === rows ? undefined : placesBetween(reduced, picked)
  const umap = new UMAP({ nComponents: 2, nNeighbors: Math.min(15, landmarks - 1), minDist: 0.12, random })
  const epochs = umap.initializeFit(Array.from(picked, (row) => Array.from(rowOf(reduced, row))))
  let reported = performance.now()
  for (let epoch = 1; epoch <= epochs; epoch++) {
    umap.step()
    const isLast = epoch === epochs
    if (!isLast && performance.now() - reported < REPORT_MS) continue
    const embedding = umap.getEmbedding()
    report(place ? place(embedding) : Float32Array.from(embedding.flat()), epoch / epochs)
    reported = performance.now()
  }
}

const rowOf = ({ values, dimension }: Matrix, row: number): Float32Array =>
  values.subarray(row * dimension, (row + 1) * dimension)

function firstTwo({ values, dimension }: Matrix): Float32Array {
  const rows = values.length / Math.max(1, dimension)
  const positions = new Float32Array(rows * 2)
  for (let row = 0; row < rows; row++) {
    positions[row * 2] = values[row * dimension] ?? 0
    positions[row * 2 + 1] = dimension > 1 ? (values[row * dimension + 1] ?? 0) : 0
  }
  return positions
}

/** Some of the rows, each with the same chance, in their order. */
function pick(rows: number, wanted: number, random: () => number): Uint32Array {
  const picked = new Uint32Array(wanted)
  let size = 0
  for (let row = 0; row < rows && size < wanted; row++) {
    if (random() * (rows - row) < wanted - size) picked[size++] = row
  }
  return picked
}

/** Finds the nearest landmarks of every row, and returns what places all rows once the landmarks have places. */
function placesBetween(vectors: Matrix, landmarks: Uint32Array): (embedding: number[][]) => Float32Array {
  const { values, dimension } = vectors
  const rows = values.length / dimension
  const nearest = new Uint32Array(rows * NEAREST)
  const weights = new Float32Array(rows * NEAREST)
  const marks = Float32Array.from(
    landmarks.length * dimension === 0
      ? []
      : Array.from(landmarks).flatMap((row) => [...rowOf(vectors, row)]),
  )
  const best = new Float64Array(NEAREST)
  for (let row = 0; row < rows; row++) {
    best.fill(Infinity)
    const at = row * dimension
    for (let mark = 0; mark < landmarks.length; mark++) {
      const distance = squaredDistance(values, at, marks, mark * dimension, dimension, best[NEAREST - 1] ?? 0)
      if (distance >= (best[NEAREST - 1] ?? 0)) continue
      let slot = NEAREST - 1
      for (; slot > 0 && distance < (best[slot - 1] ?? 0); slot--) {
        best[slot] = best[slot - 1] ?? 0
        nearest[row * NEAREST + slot] = nearest[row * NEAREST + slot - 1] ?? 0
      }
      best[slot] = distance
      nearest[row * NEAREST + slot] = mark
    }
    // Near a landmark its weight outgrows the others, so that it lies upon itself.
    const total = best.reduce((sum, distance) => sum + 1 / (distance + 1e-6), 0)
    for (let slot = 0; slot < NEAREST; slot++)
      weights[row * NEAREST + slot] = 1 / ((best[slot] ?? 0) + 1e-6) / total
  }
  return (embedding) => {
    const positions = new Float32Array(rows * 2)
    for (let i = 0; i < nearest.length; i++) {
      const place = embedding[nearest[i] ?? 0]
      const row = Math.floor(i / NEAREST)
      const weight = weights[i] ?? 0
      positions[row * 2] = (positions[row * 2] ?? 0) + weight * (place?.[0] ?? 0)
      positions[row * 2 + 1] = (positions[row * 2 + 1] ?? 0) + weight * (place?.[1] ?? 0)
    }
    return positions
  }
}

/** The squared distance, or something above `limit` as soon as it is known to be. */
function squaredDistance(
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  dimension: number,
  limit: number,
): number {
  let sum = 0
  for (let i = 0; i < dimension && sum < limit; i++) {
    const difference = (a[aAt + i] ?? 0) - (b[bAt + i] ?? 0)
    sum += difference * difference
  }
  return sum
}
