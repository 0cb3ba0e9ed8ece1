import { styleText } from 'node:util'
import type { Answer, Loaded, Question } from './dictionary.ts'

const dim = (text: string): string => styleText('dim', text)
const bold = (text: string): string => styleText('bold', text)

const BAR = 28
const LABEL = 10
const PART = 'adjective'.length
const WORDS = 28

/** A line of facts, by its name. */
export function fact(name: string, ...parts: readonly string[]): string {
  return `  ${dim(name.padEnd(LABEL))}${parts.join(dim(' · '))}`
}

/** How far a load has come. */
export function progressLine(done: number, total: number, elapsedMs: number): string {
  const full = Math.floor((BAR * done) / total)
  const bar = styleText('cyan', '━'.repeat(full)) + dim('─'.repeat(BAR - full))
  const left = done > 0 ? dim(`${((elapsedMs / done) * (total - done) * 0.001).toFixed(0)} s left`) : ''
  return `  ${dim('embedding'.padEnd(LABEL))}${bar} ${count(done)} of ${count(total)}  ${left}`
}

/** What a load did, and how fast. */
export function loadedLines({ rows, embeddingMs, storingMs }: Loaded, threads: number): string[] {
  return [
    fact('embedded', `${count(rows)} glosses`, `${seconds(embeddingMs)} on ${threads} threads`),
    fact(
      'stored',
      `${count(rows)} rows of 512 dimensions`,
      `${count(perSecond(rows, storingMs))} rows/s, each batch synced to disk`,
    ),
  ]
}

/** What searches miss, and how they are made. */
export function recallLine(recall: number, linked: number): string {
  const how =
    linked > 0 ? `${count(linked)} rows linked in a graph` : 'so few rows are scanned, without a graph'
  return fact('recall', `${recall.toFixed(3)} of the ten closest, beside exact searches`, how)
}

/** A question, as it was asked. */
export function questionLine({ text, part }: Pick<Question, 'text' | 'part'>): string {
  return `\n${styleText('cyan', '?')} ${bold(text)}${part ? dim(`  ${part}s only`) : ''}`
}

/** What was found, closest first, and the time that it took; lines are cut to `width` columns. */
export function answerLines({ meanings, embeddingMs, searchMs }: Answer, width: number): string[] {
  const named = meanings.map(({ words }) => cut(words.slice(0, 2).join(', '), WORDS))
  const column = Math.max(...named.map(({ length }) => length))
  const lines = meanings.map(({ score, partOfSpeech, gloss }, i) => {
    const part = partOfSpeech.padEnd(PART)
    const words = named[i]?.padEnd(column) ?? ''
    const room = Math.max(30, width - column - PART - 12)
    return `  ${styleText('green', score.toFixed(2))}  ${bold(words)}  ${dim(part)}  ${cut(gloss, room)}`
  })
  const took = `searched in ${milliseconds(searchMs)}, after ${milliseconds(embeddingMs)} to embed the question`
  return [...lines, dim(`  ${took}`)]
}

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text

/** The code that answers such a question. */
export function codeLines({ text, part, limit }: Question, folder: string): string[] {
  const code = [
    `import { open } from '@omen/db'`,
    '',
    `await using db = await open('${folder}')`,
    `const glosses = await db.collection('glosses', schema)`,
    'const { hits } = await glosses.search({',
    `  vector: { embedding: await embed(${JSON.stringify(text)}) },`,
    ...(part ? [`  where: { partOfSpeech: '${part}' },`] : []),
    `  limit: ${limit},`,
    '})',
  ]
  return [
    '',
    dim('In code, as in apps/start/src/dictionary.ts:'),
    '',
    ...code.map((line) => dim(`  ${line}`)),
  ]
}

/** A number with thousands set off. */
export const count = (value: number): string => Math.round(value).toLocaleString('en')

/** Bytes as a person would say them. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
/** A short time. */
export const milliseconds = (ms: number): string => (ms < 10 ? `${ms.toFixed(2)} ms` : `${ms.toFixed(0)} ms`)
const perSecond = (amount: number, ms: number): number => (amount / Math.max(ms, 0.001)) * 1000
