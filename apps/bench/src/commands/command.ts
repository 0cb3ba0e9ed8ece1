import { type ParseArgsConfig, parseArgs } from 'node:util'
import { OmenError } from '@omen/core'

/** One command of the program. */
export interface Command {
  /** How it is called, after the program's name. */
  readonly usage: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** Everything else, option by option. */
  readonly help: string
  /** @returns the exit code */
  run(args: readonly string[]): Promise<number>
}

type Options = NonNullable<ParseArgsConfig['options']>

/** What was given for them; left out when nothing was. */
export type Values<T extends Options> = {
  readonly [K in keyof T]?: T[K] extends { multiple: true }
    ? readonly string[]
    : T[K]['type'] extends 'boolean'
      ? boolean
      : string
}

/**
 * Reads the arguments of a command.
 *
 * @throws OmenError `invalid_argument` for unknown options and a wrong number of arguments
 */
export function readArguments<T extends Options>(
  args: readonly string[],
  options: T,
  count: { readonly least: number; readonly most: number },
): { values: Values<T>; positionals: string[] } {
  let parsed: { values: unknown; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new OmenError('invalid_argument', (error as Error).message, { cause: error })
  }
  const { values, positionals } = parsed
  if (positionals.length < count.least) throw new OmenError('invalid_argument', 'an argument is missing')
  const extra = positionals[count.most]
  if (extra !== undefined) throw new OmenError('invalid_argument', `unexpected argument ${extra}`)
  return { values: values as Values<T>, positionals }
}

/**
 * Reads a whole number of 1 or more from an option.
 *
 * @throws OmenError `invalid_argument`
 */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new OmenError('invalid_argument', `--${name} must be a whole number of 1 or more, not ${text}`)
}

/** The program with its arguments, as the user typed it. */
export function commandLine(): string {
  return ['node apps/bench/dist/main.js', ...process.argv.slice(2)].join(' ')
}
