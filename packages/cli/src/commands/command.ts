import type { OptionSpec, OptionSpecs, OptionValues } from '../arguments/options.ts'
import type { Output } from '../output/output.ts'
import { UsageError } from '../usage-error.ts'

/** A line to try, and what it does. */
export interface Example {
  readonly does: string
  readonly line: string
}

/** One call of a command. */
export interface Call<Specs extends OptionSpecs = OptionSpecs> {
  readonly options: OptionValues<Specs>
  /** As many as `Command.operands` says. */
  readonly operands: readonly string[]
  readonly output: Output
  /** Fires with Ctrl-C: finish what was begun, and return. */
  readonly signal: AbortSignal
}

/** A command of the program. */
export interface Command<Specs extends OptionSpecs = OptionSpecs> {
  /** What stands behind its name: `<one that is needed>`, `[one that is not]`. */
  readonly operands: readonly string[]
  /** What its help says between usage and options. */
  readonly text: string
  readonly options: Specs
  readonly examples: readonly Example[]
  /** @returns the exit code */
  run(call: Call<Specs>): Promise<number>
}

/** A command whose options the compiler knows, as one among others. */
export function command<const Specs extends OptionSpecs>(definition: Command<Specs>): Command {
  return definition as unknown as Command
}

/** Options that every command has. */
export const COMMON_OPTIONS: { readonly json: OptionSpec; readonly help: OptionSpec } = {
  json: { type: 'boolean', help: 'print JSON: a document, or one a line; errors too, on standard error' },
  help: { type: 'boolean', short: 'h', help: 'say what the command does, with examples' },
}

/** @throws UsageError for operands that are missing, or too many */
export function checkOperands(expected: readonly string[], given: readonly string[]): void {
  const missing = expected.slice(given.length).filter((operand) => operand.startsWith('<'))
  if (missing.length > 0) throw new UsageError(`${missing.join(' and ')} missing`)
  if (given.length > expected.length) {
    throw new UsageError(
      `${given
        .slice(expected.length)
        .map((text) => JSON.stringify(text))
        .join(' ')} is too much`,
    )
  }
}
