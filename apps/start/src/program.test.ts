import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { open } from '@omen/db'
import type { Synset } from '@omen/wordnet'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readArguments } from './arguments.ts'
import { readLine } from './conversation.ts'
import { main, type Surroundings } from './program.ts'

const GLOSSES: readonly [Synset['partOfSpeech'], string, string][] = [
  ['noun', 'owl', 'a bird that hunts at night; "an owl hooted"'],
  ['verb', 'hunt', 'pursue an animal at night'],
  ['noun', 'joy', 'the emotion of great happiness'],
  ['satellite', 'happy', 'feeling happiness'],
  ['verb', 'rush', 'go in a hurry'],
]

const synsets = (): Synset[] =>
  GLOSSES.map(([partOfSpeech, word, gloss], i) => ({
    id: `${i}`,
    partOfSpeech,
    lexicalFile: { number: 3, name: 'noun.Tops' },
    words: [word],
    gloss,
    uses: 10 - i,
  }))

/** In place of the model: texts are alike that share words. */
class WordCounter {
  readonly dimension = 512
  readonly threads = 1
  readonly embedded: string[] = []

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    this.embedded.push(...texts)
    return texts.map((text) => {
      const vector = new Float32Array(this.dimension)
      for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
        const hash = [...word].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 509, 7)
        vector[hash] = (vector[hash] ?? 0) + 1
      }
      return vector
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omen-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** What a run printed, how it ended, and what it had embedded. */
interface Ran {
  readonly code: number
  readonly output: string
  readonly embedded: readonly string[]
}

/** Runs `npm start` and gathers what it prints. */
async function start(args: string[], own: Partial<Surroundings> = {}): Promise<Ran> {
  const encoder = new WordCounter()
  const lines: string[] = []
  const print = (text: unknown): void => {
    lines.push(stripVTControlCharacters(String(text)))
  }
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(print),
    vi.spyOn(console, 'error').mockImplementation(print),
  ]
  try {
    const code = await main(args, { synsets, encoder: async () => encoder, terminal: undefined, ...own })
    return { code, output: lines.join('\n'), embedded: encoder.embedded }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

describe('npm start', () => {
  test('loads, and answers samples where nobody asks', async () => {
    const { code, output } = await start(['--data', temporaryFolder()])
    expect(output).toMatch(/stored +5 rows/)
    expect(output).toMatch(/recall +1\.000 of the ten closest/)
    expect(output).toMatch(/\? a small animal that hunts at night {2}nouns only\n {2}0\.\d\d {2}owl {2,}noun/)
    expect(output).toMatch(/\? the feeling of great happiness\n {2}0\.\d\d {2}joy/)
    expect(output).toContain("where: { partOfSpeech: 'noun' }")
    expect(output).not.toContain('an owl hooted')
    expect(code).toBe(0)
  })

  test('finds what is there the second time, and adds what more is wanted', async () => {
    const data = ['--data', temporaryFolder()]
    expect((await start([...data, '--glosses', '3'])).embedded).toHaveLength(3 + 3)
    const again = await start([...data, '--glosses', '2', 'great', 'happiness'], {
      synsets: () => expect.unreachable('WordNet is not read'),
    })
    expect(again.embedded).toEqual(['great happiness'])
    expect(again.output).toMatch(/opened .* 3 glosses/)
    const more = await start([...data, 'happiness'])
    expect(more.embedded).toEqual(['feeling happiness', 'go in a hurry', 'happiness'])
  })

  test('looks among one part of speech, and gives as many hits as asked for', async () => {
    const data = ['--data', temporaryFolder()]
    const { output } = await start([...data, '--pos', 'verbs', 'hunts at night'])
    expect(partsIn(output)).toEqual(['verb', 'verb'])
    expect(partsIn((await start([...data, '--pos', 'adjective', 'night'])).output)).toEqual(['adjective'])
    expect(partsIn((await start([...data, 'night'])).output)).toHaveLength(5)
    expect(partsIn((await start([...data, '--limit', '2', 'night'])).output)).toHaveLength(2)
  })

  test('talks with whoever sits at a terminal', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const shown: string[] = []
    output.setEncoding('utf8').on('data', (text: string) => {
      shown.push(stripVTControlCharacters(text))
      const asked = shown.filter((each) => each === '? ').length
      if (shown.at(-1) === '? ') input.write(asked === 1 ? 'noun: happiness\n' : '\n')
    })
    const { code, output: printed } = await start(['--data', temporaryFolder()], {
      terminal: { input, output },
    })
    expect(partsIn(printed)).toEqual(['noun', 'noun'])
    expect(shown.join('')).toContain('an empty line ends')
    expect(code).toBe(0)
  })

  test('ends where the input does', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    input.end()
    const { code } = await start(['--data', temporaryFolder()], { terminal: { input, output } })
    expect(code).toBe(0)
  })

  test('says who else has the database open', async () => {
    const folder = temporaryFolder()
    await using _ = await open(folder)
    const { code, output } = await start(['--data', folder])
    expect(code).toBe(1)
    expect(output).toContain(String(process.pid))
  })
})

/** The parts of speech of the meanings that were printed. */
function partsIn(output: string): string[] {
  return [...output.matchAll(/^ {2}-?\d\.\d\d .*? (noun|verb|adjective|adverb) /gm)].map(
    ([, part]) => part ?? '',
  )
}

describe('the command line', () => {
  test.each([
    [['--pos', 'pronoun'], '--pos is one of noun, verb, adjective, adverb, not pronoun'],
    [['--limit', '0'], '--limit is a whole number'],
    [['--glosses', 'many'], '--glosses is a whole number'],
    [['--colour'], "Unknown option '--colour'"],
  ])('refuses %j', async (args, message) => {
    const { code, output } = await start(args)
    expect(output).toContain(message)
    expect(output).toContain('--help says more')
    expect(code).toBe(2)
  })

  test('says what there is', async () => {
    const { code, output } = await start(['--help'])
    for (const option of ['--pos', '--limit', '--glosses', '--data']) expect(output).toContain(option)
    expect(code).toBe(0)
  })

  test('puts words together, and has a place for the database', () => {
    const given = readArguments(['move', 'fast', '--pos', 'Verbs'])
    expect(given).toMatchObject({ question: 'move fast', part: 'verb', limit: 5, glosses: 3000 })
    expect(given.data).toMatch(/[\\/]\.cache[\\/]start$/)
  })
})

test.each([
  ['verb: move fast', { text: 'move fast', part: 'verb' }],
  ['Nouns:a bird', { text: 'a bird', part: 'noun' }],
  ['note: this', { text: 'note: this', part: 'adverb' }],
  ['  a bird ', { text: 'a bird', part: 'adverb' }],
  ['verb:', { text: '', part: 'verb' }],
])('the line %j', (line, expected) => {
  expect(readLine(line, 'adverb')).toEqual(expected)
})
