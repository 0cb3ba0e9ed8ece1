import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { malformed } from '../formats/bytes.ts'

/** One meaning: the words that share it, and what they mean. */
export interface Synset {
  readonly partOfSpeech: PartOfSpeech
  /** The topic by which WordNet's editors filed it. */
  readonly lexicalFile: { readonly number: number; readonly name: string }
  readonly words: readonly string[]
  /** Definition, then examples in quotation marks. */
  readonly gloss: string
}

/** WordNet's parts of speech; a satellite is an adjective close to another one. */
export type PartOfSpeech = 'noun' | 'verb' | 'adjective' | 'satellite' | 'adverb'

const FILES = ['data.adj', 'data.adv', 'data.noun', 'data.verb'] as const
const PARTS: Readonly<Record<string, PartOfSpeech>> = {
  n: 'noun',
  v: 'verb',
  a: 'adjective',
  s: 'satellite',
  r: 'adverb',
}

/** Names of the lexical files by number: WordNet's lexnames(5WN). */
const LEXICAL_FILES =
  `adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
  noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object
  noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state
  noun.substance noun.time verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption
  verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative
  verb.weather adj.ppl`.split(/\s+/)

/**
 * Reads WordNet's database files as wndb(5WN) describes them, in the order adjectives, adverbs, nouns, verbs.
 *
 * @param folder with data.adj, data.adv, data.noun and data.verb
 * @throws OmenError `corrupt_dataset`
 */
export function readWordnet(folder: string): Synset[] {
  return FILES.flatMap((file) => {
    const path = join(folder, file)
    const lines = readFileSync(path, 'utf8').split('\n')
    // The licence stands in front, each of its lines indented.
    return lines
      .map((line, i) => ({ line, i }))
      .filter(({ line }) => line !== '' && !line.startsWith(' '))
      .map(({ line, i }) => parse(line) ?? fail(path, i))
  })
}

function fail(path: string, line: number): never {
  throw malformed(path, `has no meaning in line ${line + 1}`)
}

/** A line: offset, lexical file, part of speech, number of words (hexadecimal), words each with a number, pointers. */
function parse(line: string): Synset | undefined {
  const bar = line.indexOf(' | ')
  const [, file, part, count, ...rest] = line.slice(0, bar).split(' ')
  const partOfSpeech = PARTS[part ?? '']
  const name = LEXICAL_FILES[Number(file)]
  const words = rest.slice(0, 2 * Number.parseInt(count ?? '', 16)).filter((_, i) => i % 2 === 0)
  const gloss = line.slice(bar + 3).trim()
  if (bar < 0 || !partOfSpeech || !name || words.length === 0 || gloss === '') return undefined
  return { partOfSpeech, lexicalFile: { number: Number(file), name }, words: words.map(asWritten), gloss }
}

/** `hot_dog` is "hot dog"; an adjective's place in a sentence, as in `galore(ip)`, is no part of it. */
function asWritten(word: string): string {
  return word.replace(/\((?:a|p|ip)\)$/, '').replaceAll('_', ' ')
}
