import { styleText } from 'node:util'
import { table } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { number } from '../format.ts'
import { type Comparison, compareResults, DEFAULT_TOLERANCE, type Tolerance } from '../measure/compare.ts'
import { readResults } from '../results.ts'
import { type Command, readArguments } from './command.ts'

const NAMES = Object.keys(DEFAULT_TOLERANCE) as (keyof Tolerance)[]

export const compare: Command = {
  usage: 'compare <base.json> <head.json>',
  summary: 'Compares two runs by their ratios over the yardstick; exits with 1 when one got worse.',
  help: `      --tolerance speed=0.1,…  how much worse is still accepted (default: ${NAMES.map((name) => `${name}=${DEFAULT_TOLERANCE[name]}`).join(',')})
      --all                    print every figure, not only those that changed`,
  async run(args) {
    const options = { tolerance: { type: 'string' }, all: { type: 'boolean' } } as const
    const { values, positionals } = readArguments(args, options, { least: 2, most: 2 })
    const [base, head] = positionals.map(readResults)
    if (!base || !head) throw new OmenError('invalid_argument', 'two result files are needed')
    const tolerance = readTolerance(values.tolerance)
    const comparisons = compareResults(base, head, tolerance)
    const worse = comparisons.filter(({ regressed }) => regressed)
    const shown = values.all
      ? comparisons
      : comparisons.filter((each) => each.regressed || each.base !== each.head)
    if (shown.length > 0) console.log(`${comparisonTable(shown)}\n`)
    const stated = NAMES.map((name) => `${name} ${tolerance[name]}`).join(', ')
    console.log(`${comparisons.length} figures compared, ${worse.length} worse than tolerated (${stated})`)
    return worse.length > 0 ? 1 : 0
  },
}

function comparisonTable(comparisons: readonly Comparison[]): string {
  const columns = [
    { title: 'data set', align: 'left' as const },
    { title: 'engine', align: 'left' as const },
    { title: 'figure', align: 'left' as const },
    { title: 'base' },
    { title: 'head' },
    { title: 'change' },
    { title: '', align: 'left' as const },
  ]
  const rows = comparisons.map(({ dataset, engine, figure, base, head, regressed }) => {
    const change =
      base === undefined || head === undefined ? '–' : `${(100 * (head / base - 1)).toFixed(1)} %`
    const verdict = regressed ? styleText('red', 'worse') : ''
    return [dataset, engine, figure, number(base), number(head), change, verdict]
  })
  return table(columns, rows)
}

function readTolerance(text: string | undefined): Tolerance {
  const given = (text?.split(',') ?? []).map((part): [string, number] => {
    const [name = '', value] = part.split('=')
    const share = Number(value)
    if (!NAMES.some((known) => known === name) || value === undefined || !(share >= 0)) {
      throw new OmenError('invalid_argument', `--tolerance takes ${NAMES.join('=…,')}=…, not ${part}`)
    }
    return [name, share]
  })
  return { ...DEFAULT_TOLERANCE, ...Object.fromEntries(given) }
}
