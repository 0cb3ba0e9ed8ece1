import { styleText } from 'node:util'
import { COMMON_OPTIONS, type Command } from '../commands/command.ts'
import type { OptionSpecs } from './options.ts'

/** The help of one command. */
export function commandHelp(name: string, summary: string, command: Command): string {
  const { operands, text, options, examples } = command
  const all: OptionSpecs = { ...options, ...COMMON_OPTIONS }
  const lines = examples.map(({ does, line }) => `  ${styleText('dim', `# ${does}`)}\n  ${line}`)
  return [
    `${summary}.`,
    `${heading('usage')} omen ${[name, ...operands].join(' ')} [options]`,
    text.trim(),
    `${heading('options')}\n${optionLines(all)}`,
    `${heading('examples')}\n${lines.join('\n\n')}`,
  ].join('\n\n')
}

export const heading = (text: string): string => styleText('bold', `${text}:`)

/** Left and right, the left ones equally wide. */
export function twoColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join('\n')
}

function optionLines(options: OptionSpecs): string {
  return twoColumns(
    Object.entries(options).map(([name, { short, type, value, help, multiple }]) => {
      const named = short ? `-${short}, --${name}` : `    --${name}`
      const taken = type === 'string' ? ` <${value ?? 'value'}>` : ''
      return [named + taken, multiple ? `${help} (may be repeated)` : help]
    }),
  )
}
