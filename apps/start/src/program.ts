import { relative } from 'node:path'
import { OmenError } from '@omen/core'
import { type DatabaseStats, open } from '@omen/db'
import { type Encoder, mostUsedFirst, openEncoder, readWordnet, type Synset } from '@omen/wordnet'
import { type Arguments, HELP, readArguments } from './arguments.ts'
import { converse, type Terminal } from './conversation.ts'
import { Dictionary, type Question } from './dictionary.ts'
import {
  answerLines,
  codeLines,
  count,
  fact,
  loadedLines,
  megabytes,
  milliseconds,
  progressLine,
  questionLine,
  recallLine,
} from './view.ts'

/** Where meanings, vectors and questions come from: tests bring their own. */
export interface Surroundings {
  /** Meanings, the most used first. */
  readonly synsets: () => readonly Synset[]
  /** @param threads all cores when left out */
  readonly encoder: (threads?: number) => Promise<Encoder & AsyncDisposable & { readonly threads: number }>
  /** Undefined where nobody sits at one. */
  readonly terminal: Terminal | undefined
}

const REAL: Surroundings = {
  synsets: () => mostUsedFirst(readWordnet()),
  encoder: openEncoder,
  terminal:
    process.stdin.isTTY && process.stdout.isTTY
      ? { input: process.stdin, output: process.stdout }
      : undefined,
}

/** What is asked where nobody asks. */
const SAMPLES: readonly Pick<Question, 'text' | 'part'>[] = [
  { text: 'a small animal that hunts at night', part: 'noun' },
  { text: 'to go somewhere in a hurry', part: 'verb' },
  { text: 'the feeling of great happiness' },
]

/** Columns of a line where there is no terminal to ask. */
const WIDTH = 110

/**
 * Runs `npm start`.
 *
 * @returns the exit code: 2 for a wrong call, 1 for a failure
 */
export async function main(args: readonly string[], surroundings: Surroundings = REAL): Promise<number> {
  try {
    const given = readArguments(args)
    if (given.help) console.log(HELP)
    else await run(given, surroundings)
    return 0
  } catch (error) {
    if (!(error instanceof OmenError)) throw error
    console.error(error.message)
    if (error.code !== 'invalid_argument') return 1
    console.error('npm start -- --help says more')
    return 2
  }
}

async function run(
  given: Arguments,
  { synsets, encoder: openThreads, terminal }: Surroundings,
): Promise<void> {
  const started = performance.now()
  await using db = await open(given.data)
  const dictionary = await Dictionary.open(db)
  const stored = await dictionary.count()
  const folder = relative('', given.data) || '.'
  const opened = milliseconds(performance.now() - started)
  const { diskBytes } = await db.stats()
  console.log(fact('opened', folder, `${count(stored)} glosses`, megabytes(diskBytes), `in ${opened}`))

  // Meanings are stored in their order, each batch durably: as many as there are, so far the last run came.
  const wanted = stored < given.glosses ? synsets().slice(0, given.glosses) : []
  await using encoder = await openThreads(wanted.length > stored ? undefined : 1)
  if (wanted.length > stored) {
    await fill(dictionary, encoder, wanted, stored)
    console.log(recallLine(await dictionary.recall(), linkedRows(await db.stats())))
  }

  let first = true
  const answer = async (question: Pick<Question, 'text' | 'part'>): Promise<void> => {
    const asked = { ...question, limit: given.limit }
    const lines = answerLines(await dictionary.ask(asked, encoder), process.stdout.columns ?? WIDTH)
    if (first) lines.push(...codeLines(asked, folder))
    first = false
    console.log(lines.join('\n'))
  }
  if (given.question === '' && terminal) return await converse(terminal, given.part, answer)
  for (const question of given.question === '' ? SAMPLES : [{ text: given.question }]) {
    const asked = given.part ? { ...question, part: given.part } : question
    console.log(questionLine(asked))
    await answer(asked)
  }
}

/** Rows that a graph finds; the others are scanned. */
function linkedRows({ collections }: DatabaseStats): number {
  const fields = collections.flatMap(({ segments }) =>
    segments.flatMap((segment) => Object.values(segment.fields)),
  )
  return fields.reduce((sum, { linked }) => sum + linked, 0)
}

/** Loads the meanings from the given one on, and says how it goes. */
async function fill(
  dictionary: Dictionary,
  encoder: Encoder & { readonly threads: number },
  wanted: readonly Synset[],
  from: number,
): Promise<void> {
  const { stdout } = process
  const missing = wanted.slice(from)
  if (!stdout.isTTY)
    console.log(fact('embedding', `${count(missing.length)} glosses`, 'once, some hundred a second'))
  const started = performance.now()
  const loaded = await dictionary.load(missing, encoder, (done) => {
    if (!stdout.isTTY) return
    const line = progressLine(done, missing.length, performance.now() - started)
    stdout.write(`\r\x1b[K${line}`)
  })
  if (stdout.isTTY) stdout.write('\r\x1b[K')
  console.log(loadedLines(loaded, encoder.threads).join('\n'))
}
