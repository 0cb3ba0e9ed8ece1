/** Vectors one after another, and how many components each has. */
export interface Matrix {
  readonly values: Float32Array
  readonly dimension: number
}

/** Rows that directions are found by; all rows are then projected on them. */
const SAMPLE = 4000
const ROUNDS = 6

/**
 * Projects vectors on the directions in which they spread most, the widest first: principal components by orthogonal
 * iteration on a sample (Golub and Van Loan, Matrix Computations, section 7.3.2).
 *
 * @param random in [0, 1)
 */
export function principalComponents(
  { values, dimension }: Matrix,
  wanted: number,
  random: () => number,
): Matrix {
  const rows = dimension === 0 ? 0 : values.length / dimension
  const count = Math.min(wanted, dimension)
  const mean = meanOf(values, rows, dimension)
  const step = Math.max(1, Math.floor(rows / SAMPLE))
  let directions = Array.from({ length: count }, () =>
    Float64Array.from({ length: dimension }, () => random() - 0.5),
  )
  orthonormalize(directions)
  for (let round = 0; round < ROUNDS; round++) {
    const next = directions.map(() => new Float64Array(dimension))
    for (let row = 0; row < rows; row += step) {
      const at = row * dimension
      for (let d = 0; d < count; d++) {
        const along = projection(values, at, mean, directions[d] as Float64Array)
        const sum = next[d] as Float64Array
        for (let i = 0; i < dimension; i++)
          sum[i] = (sum[i] ?? 0) + along * ((values[at + i] ?? 0) - (mean[i] ?? 0))
      }
    }
    directions = next
    orthonormalize(directions)
  }
  const projected = new Float32Array(rows * count)
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < count; d++) {
      projected[row * count + d] = projection(values, row * dimension, mean, directions[d] as Float64Array)
    }
  }
  return { values: projected, dimension: count }
}

/** Brings every vector to length 1, in place, as the cosine sees them. */
export function normalize({ values, dimension }: Matrix): void {
  for (let at = 0; at < values.length; at += dimension) {
    let squares = 0
    for (let i = at; i < at + dimension; i++) squares += (values[i] ?? 0) ** 2
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
    for (let i = at; i < at + dimension; i++) values[i] = (values[i] ?? 0) * scale
  }
}

function meanOf(values: Float32Array, rows: number, dimension: number): Float64Array {
  const mean = new Float64Array(dimension)
  for (let at = 0; at < values.length; at += dimension) {
    for (let i = 0; i < dimension; i++) mean[i] = (mean[i] ?? 0) + (values[at + i] ?? 0)
  }
  return mean.map((sum) => sum / Math.max(1, rows))
}

function projection(values: Float32Array, at: number, mean: Float64Array, direction: Float64Array): number {
  let sum = 0
  for (let i = 0; i < direction.length; i++)
    sum += ((values[at + i] ?? 0) - (mean[i] ?? 0)) * (direction[i] ?? 0)
  return sum
}

/** Gram and Schmidt, modified: each direction loses what it has of those before it. */
function orthonormalize(directions: readonly Float64Array[]): void {
  for (const [d, direction] of directions.entries()) {
    for (const earlier of directions.slice(0, d)) {
      const along = dot(direction, earlier)
      for (let i = 0; i < direction.length; i++)
        direction[i] = (direction[i] ?? 0) - along * (earlier[i] ?? 0)
    }
    const length = Math.sqrt(dot(direction, direction))
    // Vectors that lie in fewer dimensions leave nothing over.
    for (let i = 0; i < direction.length; i++) direction[i] = length > 1e-9 ? (direction[i] ?? 0) / length : 0
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}
