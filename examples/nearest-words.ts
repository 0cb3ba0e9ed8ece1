import { readFileSync } from 'node:fs'
import { Hnsw } from '@omen/hnsw'
import { sq8 } from '@omen/quant'

const dimension = 256

/** A vector out of a word's letters in threes: words that are spelt alike lie close together. */
function embed(word: string): Float32Array {
  const vector = new Float32Array(dimension)
  const letters = ` ${word} `
  for (let i = 0; i + 3 <= letters.length; i++) {
    let hash = 0
    for (const letter of letters.slice(i, i + 3)) hash = (hash * 31 + letter.charCodeAt(0)) % dimension
    vector[hash] = (vector[hash] ?? 0) + 1
  }
  return vector
}

const words = [
  ...new Set(
    readFileSync('LICENSE', 'utf8')
      .toLowerCase()
      .match(/[a-z]+/g),
  ),
]
const vectors = new Float32Array(words.length * dimension)
for (const [row, word] of words.entries()) vectors.set(embed(word), row * dimension)

const index = await Hnsw.build({ vectors, dimension, metric: 'cosine', quantizer: sq8() })

const { rows, distances } = await index.search(embed('licences'), { k: 5, beam: 64 })
for (const [i, row] of rows.entries()) console.log(distances[i]?.toFixed(3), words[row])

index.close()
