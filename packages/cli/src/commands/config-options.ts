import { type ConfigSources, checkConfig } from '@omen/server'
import type { OptionSpec } from '../arguments/options.ts'

const FILE = 'config'

/** An option for every setting that the server has, and one for the file. */
export const CONFIG_OPTIONS: Readonly<Record<string, OptionSpec & { readonly type: 'string' }>> =
  await settingOptions()

/** Where the settings come from that a call gives. */
export function configSources(options: Readonly<Record<string, string | undefined>>): ConfigSources {
  const flags: Record<string, string> = {}
  for (const name of Object.keys(CONFIG_OPTIONS)) {
    const text = options[name]
    if (name !== FILE && text !== undefined) flags[name] = text
  }
  return { file: options[FILE], env: process.env, flags }
}

async function settingOptions(): Promise<typeof CONFIG_OPTIONS> {
  const { settings } = await checkConfig({})
  const file = { type: 'string', value: 'file', help: 'settings in JSON' } as const
  return {
    [FILE]: file,
    ...Object.fromEntries(
      settings.map(({ flag, says, takes, value }) => {
        const fallback = value === undefined || value === '' ? '' : `; ${String(value)} when left out`
        return [flag, { type: 'string', value: valueName(takes), help: `${says}${fallback}` } as const]
      }),
    ),
  }
}

/** Short enough for a column of options. */
function valueName(takes: string): string {
  if (takes.startsWith('a whole number')) return 'n'
  if (takes === 'true or false') return 'true|false'
  return takes.includes(', ') ? takes.split(', ').join('|') : (takes.split(' ').at(-1) ?? takes)
}
