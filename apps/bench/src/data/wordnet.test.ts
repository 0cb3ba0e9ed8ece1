import { readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Encoder, Synset } from '@omen/wordnet'
import { expect, onTestFinished, test, vi } from 'vitest'
import { temporaryFolder } from '../testing/files.ts'
import { cachePaths } from './cache.ts'
import { checkpointName, embedTexts } from './embed.ts'
import { findEntry } from './registry.ts'
import { drawSynsets, embedWordnet } from './wordnet-use.ts'

/** Meanings whose glosses differ in length. */
const synsets = (count: number): Synset[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `n${i}`,
    partOfSpeech: 'noun',
    lexicalFile: { number: 3, name: 'noun.Tops' },
    words: [],
    gloss: 'abcdefghijklmnopqrstu'.slice((i * 8) % 21),
    uses: 0,
  }))

/** As a stand-in for a model: the numbers of the text's characters. */
function counting(): Encoder & { embedded: number } {
  return {
    dimension: 3,
    embedded: 0,
    async embed(texts) {
      this.embedded += texts.length
      return texts.map((text) =>
        Float32Array.of(text.length, text.charCodeAt(0), text.charCodeAt(text.length - 1)),
      )
    },
  }
}

test('draws queries and rows without repeating one, rows in their order', () => {
  const all = synsets(40)
  const numbers = (drawn: readonly Synset[]): number[] => drawn.map(({ id }) => Number(id.slice(1)))
  const drawn = drawSynsets(all, 30, 5, 42)
  expect([drawn.rows.length, drawn.queries.length]).toEqual([30, 5])
  expect(new Set(numbers([...drawn.rows, ...drawn.queries])).size).toBe(35)
  expect(numbers(drawn.rows)).toEqual(numbers(drawn.rows).sort((a, b) => a - b))
  expect(drawSynsets(all, 30, 5, 43)).not.toEqual(drawn)
})

test('goes on embedding where an interrupted run ended', async () => {
  const texts = synsets(300).map(({ gloss }) => gloss)
  const checkpoint = join(temporaryFolder(), checkpointName('counting', texts))
  const encoder = counting()
  const whole = await embedTexts({ encoder, texts, checkpoint })
  expect([...whole]).toEqual((await encoder.embed(texts)).flatMap((vector) => [...vector]))
  // Cut inside the second of three batches, as a process that was killed may leave it.
  truncateSync(checkpoint, statSync(checkpoint).size - 60 * 3 * 4)
  encoder.embedded = 0
  expect(await embedTexts({ encoder, texts, checkpoint })).toEqual(whole)
  expect(encoder.embedded).toBe(300 - 128)
  expect(checkpointName('other', texts)).not.toBe(checkpointName('counting', texts))
  expect(checkpointName('counting', texts.slice(1))).not.toBe(checkpointName('counting', texts))
})

test('keeps beside the vectors what each of them stands for', async () => {
  const cache = temporaryFolder()
  vi.stubEnv('OMEN_DATASETS_CACHE', cache)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const entry = { ...findEntry('wordnet-use-512-angular'), rows: 3, queries: 1 }
  const from = { synsets: synsets(4), encoder: counting() }
  const { base, queryVectors } = await embedWordnet(entry, 42, from)
  const lines = (path: string): Synset[] =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l))
  const { payload, queryPayload } = cachePaths(cache, entry.name)
  const lengths = (vectors: Float32Array): number[] => [...vectors].filter((_, i) => i % 3 === 0)
  expect(lengths(base)).toEqual(lines(payload).map(({ gloss }) => gloss.length))
  expect(lengths(queryVectors)).toEqual(lines(queryPayload).map(({ gloss }) => gloss.length))
})
