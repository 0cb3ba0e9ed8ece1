import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { OmenError } from '@omen/core'
import { PARTS, type Part } from './dictionary.ts'

/** What `npm start` was asked to do. */
export interface Arguments {
  readonly help: boolean
  /** What to ask; empty when nothing was given. */
  readonly question: string
  readonly part: Part | undefined
  /** Hits for each question. */
  readonly limit: number
  /** Meanings to have in the database. */
  readonly glosses: number
  /** The database's directory. */
  readonly data: string
}

export const HELP = `Answers questions by meaning, from WordNet in an embedded database.

usage: npm start -- [question] [options]

  npm start                                              asks you, or samples where there is no terminal
  npm start -- "a small animal that hunts at night"      asks this
  npm start -- "move fast" --pos verb                    among verbs alone

  --pos <part>      only nouns, verbs, adjectives or adverbs
  --limit <n>       hits for each question; 5 when left out
  --glosses <n>     meanings to load, the most used first; 3000 when left out, 117,791 are all
  --data <folder>   where the database lies; .cache/start when left out
  --help            says this

The first run embeds the meanings, at about a hundred a second on each core, and stores them; later runs find them
there. npm run bench measures the index instead.`

const DEFAULT_GLOSSES = 3000
const DEFAULT_LIMIT = 5

/**
 * Reads the command line.
 *
 * @throws OmenError `invalid_argument` saying what is wrong
 */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args)
  return {
    help: values.help ?? false,
    question: positionals.join(' ').trim(),
    part: values.pos === undefined ? undefined : partNamed(values.pos),
    limit: wholeNumber('limit', values.limit) ?? DEFAULT_LIMIT,
    glosses: wholeNumber('glosses', values.glosses) ?? DEFAULT_GLOSSES,
    data: values.data ?? fileURLToPath(new URL('../../../.cache/start', import.meta.url)),
  }
}

function parse(args: readonly string[]): {
  readonly values: { readonly [K in 'pos' | 'limit' | 'glosses' | 'data']?: string } & {
    readonly help?: boolean
  }
  readonly positionals: readonly string[]
} {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        pos: { type: 'string' },
        limit: { type: 'string' },
        glosses: { type: 'string' },
        data: { type: 'string' },
      },
    })
  } catch (error) {
    throw new OmenError('invalid_argument', (error as Error).message, { cause: error })
  }
}

function partNamed(name: string): Part {
  const part = PARTS.find((each) => each === name.toLowerCase().replace(/s$/, ''))
  if (part) return part
  throw new OmenError('invalid_argument', `--pos is one of ${PARTS.join(', ')}, not ${name}`)
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new OmenError('invalid_argument', `--${name} is a whole number of 1 or more, not ${text}`)
}
