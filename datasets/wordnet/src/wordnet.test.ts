import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { mostUsedFirst } from './selection.ts'
import { readWordnet, type Synset } from './wordnet.ts'

const LICENCE = '  1 This software is provided "AS IS"  \n'
const LINES = {
  'data.adj': `00001740 00 a 02 galore(ip) 0 able 1 001 = 05208385 n 0000 | in plenty; "money | galore"  `,
  'data.adv': '00001740 02 r 01 a_cappella 0 000 | without accompaniment  ',
  'data.noun': '07713763 13 n 02 hot_dog 0 red_hot 0 001 @ 07695965 n 0000 | a frankfurter in a bun  ',
  'data.verb': '00001740 29 v 01 breathe 0 000 01 + 02 00 | draw air into the lungs  ',
}
const SENSES =
  'a_cappella%4:02:00:: 00001740 1 1\nhot_dog%1:13:00:: 07713763 1 4\nred_hot%1:13:00:: 07713763 2 3\n'

function dictionary(lines: Record<string, string> = LINES, senses: string = SENSES): string {
  const folder = mkdtempSync(join(tmpdir(), 'omen-wordnet-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [file, line] of Object.entries(lines)) writeFileSync(join(folder, file), `${LICENCE}${line}\n`)
  writeFileSync(join(folder, 'index.sense'), senses)
  return folder
}

test('reads meanings with their words, topic, text and uses', () => {
  expect(readWordnet(dictionary())).toEqual([
    {
      id: 'a00001740',
      partOfSpeech: 'adjective',
      lexicalFile: { number: 0, name: 'adj.all' },
      words: ['galore', 'able'],
      gloss: 'in plenty; "money | galore"',
      uses: 0,
    },
    {
      id: 'r00001740',
      partOfSpeech: 'adverb',
      lexicalFile: { number: 2, name: 'adv.all' },
      words: ['a cappella'],
      gloss: 'without accompaniment',
      uses: 1,
    },
    {
      id: 'n07713763',
      partOfSpeech: 'noun',
      lexicalFile: { number: 13, name: 'noun.food' },
      words: ['hot dog', 'red hot'],
      gloss: 'a frankfurter in a bun',
      uses: 7,
    },
    {
      id: 'v00001740',
      partOfSpeech: 'verb',
      lexicalFile: { number: 29, name: 'verb.body' },
      words: ['breathe'],
      gloss: 'draw air into the lungs',
      uses: 0,
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

test('refuses a line of senses that it cannot read', () => {
  expect(() => readWordnet(dictionary(LINES, 'hot_dog%6:13:00:: 07713763 1 4\n'))).toThrow(/index.sense/)
})

test('finds the WordNet that is installed, whole', () => {
  const all = readWordnet()
  expect(all.length).toBeGreaterThan(110_000)
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  const be = all.reduce((most, each) => (each.uses > most.uses ? each : most))
  expect(be.words).toContain('be')
})

test('orders by use, topics in turn, larger ones more often', () => {
  const synset = (number: number, i: number): Synset => ({
    id: `${number}.${i}`,
    partOfSpeech: 'noun',
    lexicalFile: { number, name: 'noun.Tops' },
    words: [],
    gloss: '',
    uses: i,
  })
  const topic = (number: number, size: number): Synset[] =>
    Array.from({ length: size }, (_, i) => synset(number, i))
  const ordered = mostUsedFirst([...topic(3, 100), ...topic(5, 25)]).map(({ id }) => id)
  expect(ordered.slice(0, 6)).toEqual(['3.99', '3.98', '5.24', '3.97', '3.96', '5.23'])
  expect(ordered).toHaveLength(125)
})
