import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { PARTS, type Part } from './dictionary.ts'

/** A line that was typed: what to ask, and among which part of speech. */
interface Line {
  readonly text: string
  readonly part: Part | undefined
}

/** Where somebody types, and reads. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

const HINT = 'ask by meaning; "verb: move fast" looks among verbs alone; an empty line ends'
const PREFIX = new RegExp(`^(${PARTS.join('|')})s?\\s*:\\s*(.*)$`, 'i')

/** Reads a line such as `verb: move fast`; `part` is the one in force for lines that name none. */
export function readLine(line: string, part: Part | undefined): Line {
  const [, named, rest] = PREFIX.exec(line.trim()) ?? []
  const own = PARTS.find((each) => each === named?.toLowerCase())
  return own ? { text: (rest ?? '').trim(), part: own } : { text: line.trim(), part }
}

/** Asks for questions until none comes: an empty line, the end of input or Ctrl-C. */
export async function converse(
  terminal: Terminal,
  part: Part | undefined,
  answer: (line: Line) => Promise<void>,
): Promise<void> {
  const prompt = createInterface(terminal)
  const ended = new AbortController()
  prompt.once('close', () => ended.abort())
  terminal.output.write(`\n  ${styleText('dim', HINT)}\n\n`)
  try {
    while (!ended.signal.aborted) {
      const typed = await prompt.question(styleText('cyan', '? '), { signal: ended.signal })
      const line = readLine(typed, part)
      if (line.text === '') return
      await answer(line)
      terminal.output.write('\n')
    }
  } catch (error) {
    // Ctrl-C and Ctrl-D are ways to say goodbye.
    if (!ended.signal.aborted) throw error
  } finally {
    prompt.close()
  }
}
