import { expect, test } from 'vitest'
import { type LayoutName, layOut } from './layout.ts'
import { principalComponents } from './pca.ts'
import { mulberry32 } from './random.ts'

const DIMENSION = 12
const GROUPS = 4

/** Groups of points, far from each other. */
function groups(rows: number): Float32Array {
  const random = mulberry32(7)
  const centres = Float32Array.from({ length: GROUPS * DIMENSION }, () => random() * 20)
  return Float32Array.from({ length: rows * DIMENSION }, (_, i) => {
    const group = Math.floor(i / DIMENSION) % GROUPS
    return (centres[group * DIMENSION + (i % DIMENSION)] ?? 0) + random()
  })
}

/** Share of points whose nearest neighbour on the plane is of their own group. */
function purity(positions: Float32Array): number {
  const rows = positions.length / 2
  let pure = 0
  for (let a = 0; a < rows; a++) {
    let nearest = -1
    let best = Infinity
    for (let b = 0; b < rows; b++) {
      const x = (positions[a * 2] ?? 0) - (positions[b * 2] ?? 0)
      const y = (positions[a * 2 + 1] ?? 0) - (positions[b * 2 + 1] ?? 0)
      if (a === b || x * x + y * y >= best) continue
      best = x * x + y * y
      nearest = b
    }
    if (nearest % GROUPS === a % GROUPS) pure++
  }
  return pure / rows
}

test.each<[LayoutName, number, number]>([
  ['pca', 400, 0],
  ['umap', 300, 300],
  // Most are placed between landmarks.
  ['umap', 1200, 250],
])('%s keeps the groups of %i points together, with %i landmarks', (name, rows, landmarks) => {
  const reports: number[] = []
  let last = new Float32Array()
  layOut(
    { values: groups(rows), dimension: DIMENSION },
    name,
    (positions, done) => {
      reports.push(done)
      last = Float32Array.from(positions)
    },
    { rows: landmarks, landmarks },
  )
  expect(last).toHaveLength(rows * 2)
  expect(reports.at(-1)).toBe(1)
  expect(last.every(Number.isFinite)).toBe(true)
  expect(purity(last.subarray(0, 800))).toBeGreaterThan(0.95)
})

test('principal components find the direction in which points spread', () => {
  const random = mulberry32(3)
  const values = new Float32Array(300 * 3)
  for (let row = 0; row < 300; row++) {
    const along = random() * 10
    values.set([along + random() * 0.1, 2 * along + random() * 0.1, 5 + random() * 0.1], row * 3)
  }
  const { values: projected, dimension } = principalComponents({ values, dimension: 3 }, 2, random)
  expect(dimension).toBe(2)
  const spread = (axis: number): number => {
    const all = projected.filter((_, i) => i % 2 === axis)
    return Math.max(...all) - Math.min(...all)
  }
  expect(spread(0)).toBeGreaterThan(15)
  expect(spread(1)).toBeLessThan(1)
})

test('points that are all the same, and very few, have places too', () => {
  for (const rows of [1, 3, 20]) {
    let last = new Float32Array()
    layOut({ values: new Float32Array(rows * 4).fill(1), dimension: 4 }, 'umap', (positions) => {
      last = Float32Array.from(positions)
    })
    expect(last).toHaveLength(rows * 2)
    expect(last.every(Number.isFinite)).toBe(true)
  }
})
