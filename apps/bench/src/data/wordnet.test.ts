import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { temporaryFolder } from '../testing/files.ts'
import { cachePaths } from './cache.ts'
import { checkpointName, type Encoder, embedTexts } from './embed.ts'
import { findEntry } from './registry.ts'
import { readWordnet, type Synset } from './wordnet.ts'
import { drawSynsets, embedWordnet } from './wordnet-use.ts'

const LICENCE = '  1 This software is provided "AS IS"  \n'
const LINES = {
  'data.adj': `00001740 00 a 02 galore(ip) 0 able 1 001 = 05208385 n 0000 | in plenty; "money | galore"  `,
  'data.adv': '00001740 02 r 01 a_cappella 0 000 | without accompaniment  ',
  'data.noun': '07713763 13 n 02 hot_dog 0 red_hot 0 001 @ 07695965 n 0000 | a frankfurter in a bun  ',
  'data.verb': '00001740 29 v 01 breathe 0 000 01 + 02 00 | draw air into the lungs  ',
}

function dictionary(lines: Record<string, string> = LINES): string {
  const folder = temporaryFolder()
  for (const [file, line] of Object.entries(lines)) writeFileSync(join(folder, file), `${LICENCE}${line}\n`)
  return folder
}

/** As a stand-in for a model: the numbers of the text's characters. */
function counting(): Encoder & { embedded: number } {
  return {
    dimension: 3,
    embedded: 0,
    async embed(texts) {
      this.embedded += texts.length
      return texts.map((text) => [text.length, text.charCodeAt(0), text.charCodeAt(text.length - 1)])
    },
  }
}

test('reads meanings with their words, topic and text', () => {
  expect(readWordnet(dictionary())).toEqual([
    {
      partOfSpeech: 'adjective',
      lexicalFile: { number: 0, name: 'adj.all' },
      words: ['galore', 'able'],
      gloss: 'in plenty; "money | galore"',
    },
    {
      partOfSpeech: 'adverb',
      lexicalFile: { number: 2, name: 'adv.all' },
      words: ['a cappella'],
      gloss: 'without accompaniment',
    },
    {
      partOfSpeech: 'noun',
      lexicalFile: { number: 13, name: 'noun.food' },
      words: ['hot dog', 'red hot'],
      gloss: 'a frankfurter in a bun',
    },
    {
      partOfSpeech: 'verb',
      lexicalFile: { number: 29, name: 'verb.body' },
      words: ['breathe'],
      gloss: 'draw air into the lungs',
    },
  ])
})

test.each([
  ['an unknown part of speech', '1 13 x 01 dog 0 000 | an animal'],
  ['an unknown topic', '1 45 n 01 dog 0 000 | an animal'],
  ['no words', '1 13 n 00 000 | an animal'],
  ['no text', '1 13 n 01 dog 0 000'],
])('refuses a line with %s', (_, line) => {
  expect(() => readWordnet(dictionary({ ...LINES, 'data.noun': line }))).toThrow(
    /data.noun has no meaning in line 2/,
  )
})

test('draws queries and rows without repeating one, rows in their order', () => {
  const all: Synset[] = Array.from({ length: 40 }, (_, i) => ({
    partOfSpeech: 'noun',
    lexicalFile: { number: 3, name: 'noun.Tops' },
    words: [],
    gloss: String(i),
  }))
  const numbers = (synsets: readonly Synset[]): number[] => synsets.map(({ gloss }) => Number(gloss))
  const drawn = drawSynsets(all, 30, 5, 42)
  expect([drawn.rows.length, drawn.queries.length]).toEqual([30, 5])
  expect(new Set(numbers([...drawn.rows, ...drawn.queries])).size).toBe(35)
  expect(numbers(drawn.rows)).toEqual(numbers(drawn.rows).sort((a, b) => a - b))
  expect(drawSynsets(all, 30, 5, 43)).not.toEqual(drawn)
})

test('goes on embedding where an interrupted run ended', async () => {
  const texts = Array.from({ length: 21 }, (_, i) => 'abcdefghijklmnopqrstu'.slice((i * 8) % 21))
  const checkpoint = join(temporaryFolder(), checkpointName('counting', texts))
  const encoder = counting()
  const whole = await embedTexts({ encoder, texts, checkpoint })
  expect([...whole]).toEqual((await encoder.embed(texts)).flat())
  // Cut inside the second of three batches, as a process that was killed may leave it.
  truncateSync(checkpoint, statSync(checkpoint).size - 7 * 3 * 4)
  encoder.embedded = 0
  expect(await embedTexts({ encoder, texts, checkpoint })).toEqual(whole)
  expect(encoder.embedded).toBe(13)
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
  const { base, queryVectors } = await embedWordnet(entry, join(dictionary(), 'data.noun'), 42, counting())
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
