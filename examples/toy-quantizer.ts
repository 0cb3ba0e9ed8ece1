import { type Codec, OmenError, type Quantizer, type Scorer, type Shape, type Slab } from '@omen/core'

const NAME = 'toy/1'

/**
 * Keeps the sign of every component and whether it is large: 2 bits a component, for l2, dot and cosine.
 *
 * @throws OmenError `unsupported` when trained for `hamming`, `corrupt_index` when opened with wrong parameters
 */
export function toy(): Quantizer {
  return {
    name: NAME,
    train(sample, shape) {
      const sizes = Array.from(sample, Math.abs)
      const limit = mean(sizes)
      const small = mean(sizes.filter((size) => size <= limit))
      const large = mean(sizes.filter((size) => size > limit)) || limit
      return toyCodec(Float32Array.of(limit, small, large), shape)
    },
    open(parameters, shape) {
      if (parameters.length !== 3 || !parameters.every((value) => value >= 0 && value < Infinity)) {
        throw new OmenError('corrupt_index', `${NAME} takes three sizes as parameters, got [${parameters}]`)
      }
      return toyCodec(parameters, shape)
    },
  }
}

function toyCodec(parameters: Float32Array, shape: Shape): Codec {
  const { dimension, metric } = shape
  if (metric === 'hamming') throw new OmenError('unsupported', `${NAME} has no codes for hamming`)
  const [limit = 0, small = 0, large = 0] = parameters
  /** What the codes 0 to 3 stand for: the high bit is the sign, the low bit the size. */
  const values = [small, large, -small, -large]
  return {
    quantizer: NAME,
    shape,
    bytesPerRow: Math.ceil(dimension / 4),
    parameters,
    encode(vector, code) {
      code.fill(0)
      for (const [i, x] of vector.entries()) {
        const bits = (x < 0 ? 2 : 0) | (Math.abs(x) > limit ? 1 : 0)
        code[i >> 2] = (code[i >> 2] ?? 0) | (bits << (2 * (i & 3)))
      }
    },
    decode(code, vector) {
      for (let i = 0; i < dimension; i++) vector[i] = values[codeAt(code, i)] ?? 0
    },
    scorer: (slab) => toyScorer(slab, shape, values),
  }
}

/** Binding a query fills a table with what each code would add to the distance; scoring only looks up and adds. */
function toyScorer(slab: Slab, { dimension, metric }: Shape, values: readonly number[]): Scorer {
  const table = new Float64Array(dimension * 4)
  const bind = (componentAt: (i: number) => number): void => {
    for (let i = 0; i < table.length; i++) {
      const q = componentAt(i >> 2)
      const x = values[i & 3] ?? 0
      table[i] = metric === 'l2' ? (q - x) ** 2 : -q * x
    }
  }
  return {
    bind: (query) => bind((i) => query[i] ?? 0),
    bindRow(row) {
      const code = slab.row(row)
      bind((i) => values[codeAt(code, i)] ?? 0)
    },
    score(rows, count, distances) {
      for (const [at, row] of rows.subarray(0, count).entries()) {
        const code = slab.row(row)
        let distance = metric === 'cosine' ? 1 : 0
        for (let i = 0; i < dimension; i++) distance += table[i * 4 + codeAt(code, i)] ?? 0
        distances[at] = distance
      }
    },
  }
}

const codeAt = (code: Uint8Array, i: number): number => ((code[i >> 2] ?? 0) >> (2 * (i & 3))) & 3

const mean = (numbers: readonly number[]): number =>
  numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length
