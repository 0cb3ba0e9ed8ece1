import { parseArgs } from 'node:util'
import { UsageError } from '../usage-error.ts'
import { didYouMean } from './suggest.ts'

/** An option of a command: what it takes, and what its help says. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string'
  readonly short?: string
  /** Whether it may be given several times. */
  readonly multiple?: boolean
  /** What stands for its value in the help, such as `n`. */
  readonly value?: string
  readonly help: string
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

type ValueOf<Spec extends OptionSpec> = Spec['type'] extends 'boolean'
  ? boolean
  : Spec['multiple'] extends true
    ? readonly string[]
    : string | undefined

/** What was given for each option of a command. */
export type OptionValues<Specs extends OptionSpecs> = { readonly [K in keyof Specs]: ValueOf<Specs[K]> }

export interface Arguments<Specs extends OptionSpecs> {
  readonly options: OptionValues<Specs>
  readonly positionals: readonly string[]
}

/**
 * Reads the arguments of a command.
 *
 * @throws UsageError for an option that there is not, with the one that may have been meant; for one without its value
 */
export function parseOptions<Specs extends OptionSpecs>(
  specs: Specs,
  args: readonly string[],
): Arguments<Specs> {
  const config = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short && { short }), ...(multiple && { multiple }) },
    ]),
  )
  // Its strict mode knows no suggestions; what it checks is checked here.
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, boolean | string | string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind === 'option') setOption(specs, token, values)
  }
  return { options: withDefaults(specs, values) as OptionValues<Specs>, positionals }
}

function setOption(
  specs: OptionSpecs,
  token: { name: string; rawName: string; value: string | undefined; inlineValue: boolean | undefined },
  values: Map<string, boolean | string | string[]>,
): void {
  const { name, rawName, value, inlineValue } = token
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
  if (!spec) throw new UsageError(`there is no option ${rawName}${didYouMean(rawName, namesOf(specs))}`)
  if (spec.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
    values.set(name, true)
    return
  }
  // Whoever forgets a value would have the next option eaten.
  if (value === undefined || (value.startsWith('--') && !inlineValue)) {
    throw new UsageError(`${rawName} needs a value: ${rawName} <${spec.value ?? 'value'}>`)
  }
  const before = values.get(name)
  if (spec.multiple) values.set(name, [...(Array.isArray(before) ? before : []), value])
  else if (before === undefined) values.set(name, value)
  else throw new UsageError(`${rawName} is given twice`)
}

const namesOf = (specs: OptionSpecs): string[] => Object.keys(specs).map((name) => `--${name}`)

function withDefaults(specs: OptionSpecs, values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { type, multiple }]) => [
      name,
      values.get(name) ?? (type === 'boolean' ? false : multiple ? [] : undefined),
    ]),
  )
}
