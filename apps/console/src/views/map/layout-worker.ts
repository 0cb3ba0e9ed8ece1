import { type LayoutName, layOut } from './layout.ts'
import { normalize } from './pca.ts'

/** What the worker is sent: the vectors become its own. */
export interface LayoutTask {
  readonly vectors: Float32Array
  readonly dimension: number
  readonly layout: LayoutName
  /** Whether only directions count. */
  readonly normalize: boolean
}

export interface LayoutReport {
  readonly positions: Float32Array
  /** From 0 to 1. */
  readonly done: number
}

addEventListener('message', ({ data }: MessageEvent<LayoutTask>) => {
  const { vectors, dimension, layout } = data
  const matrix = { values: vectors, dimension }
  if (data.normalize) normalize(matrix)
  layOut(matrix, layout, (positions, done) => {
    const report: LayoutReport = { positions: fitted(positions), done }
    postMessage(report, { transfer: [report.positions.buffer] })
  })
})

/** Brings positions into the square from −1 to 1, in place, without stretching. */
function fitted(positions: Float32Array): Float32Array {
  const low = [Infinity, Infinity]
  const high = [-Infinity, -Infinity]
  for (const [i, value] of positions.entries()) {
    low[i & 1] = Math.min(low[i & 1] ?? 0, value)
    high[i & 1] = Math.max(high[i & 1] ?? 0, value)
  }
  const half = Math.max(...high.map((top, axis) => (top - (low[axis] ?? 0)) / 2)) || 1
  const middle = high.map((top, axis) => (top + (low[axis] ?? 0)) / 2)
  for (const [i, value] of positions.entries()) positions[i] = (value - (middle[i & 1] ?? 0)) / half
  return positions
}
