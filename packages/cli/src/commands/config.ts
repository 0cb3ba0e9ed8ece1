import { type ConfiguredSetting, checkConfig } from '@omen/server'
import { didYouMean } from '../arguments/suggest.ts'
import { EXIT } from '../exit-codes.ts'
import { table } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'
import { type Command, command } from './command.ts'
import { CONFIG_OPTIONS, configSources } from './config-options.ts'

export const config: Command = command({
  operands: ['<action>'],
  text: `
config check reads the settings of a server as omen serve would, from a file, the environment and options, and says everything
that is wrong with them at once, or what they amount to and where each one comes from. The exit code is 1 where something is
wrong.`,
  options: CONFIG_OPTIONS,
  examples: [
    { does: 'check a file', line: 'omen config check --config server.json' },
    { does: 'all settings with their defaults', line: 'omen config check' },
    {
      does: 'what differs from the defaults',
      line: `omen config check --json | jq '.settings[] | select(.origin != "default")'`,
    },
  ],
  async run({ operands: [action = ''], options, output }) {
    if (action !== 'check')
      throw new UsageError(`there is no action ${action}${didYouMean(action, ['check'])}: check`)
    const { problems, settings } = await checkConfig(configSources(options))
    output.result({ problems, settings }, () => {
      if (problems.length > 0) return problems.map((problem) => `wrong: ${problem}`).join('\n')
      return `${settingsText(settings)}\n\n  nothing is wrong`
    })
    return problems.length === 0 ? EXIT.ok : EXIT.failed
  },
})

function settingsText(settings: readonly ConfiguredSetting[]): string {
  const columns = ['setting', 'value', 'from', ''].map((title) => ({ title, align: 'left' as const }))
  return table(
    columns,
    settings.map(({ name, value, origin, says }) => [
      name,
      value === undefined ? '' : String(value),
      origin,
      says,
    ]),
  )
}
