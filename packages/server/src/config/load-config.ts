import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { OmenError } from '@omen/core'
import type { ConfigInput, ServerConfig } from './config.ts'
import { NAMED_SETTINGS, type NamedSetting, VARIABLE_PREFIX } from './settings.ts'

/** Where a configuration comes from. What comes later counts more: defaults, the file, the environment, flags. */
export interface ConfigSources {
  /** A file of JSON: settings by name, in groups. */
  readonly file?: string | undefined
  /** Variables such as `OMEN_SERVER_PORT`; others that do not begin so are left alone. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Flags such as `limits-body-bytes`, without dashes before them. */
  readonly flags?: Readonly<Record<string, string>> | undefined
}

/** Where the value of a setting was found. */
export type ConfigOrigin = 'default' | 'file' | 'environment' | 'flag' | 'program'

/** One setting with its value. */
export interface ConfiguredSetting {
  /** In a file: groups and names, with dots between them. */
  readonly name: string
  readonly variable: string
  readonly flag: string
  readonly value: unknown
  readonly origin: ConfigOrigin
  /** What it does, for people. */
  readonly says: string
  /** What it may be, for people. */
  readonly takes: string
}

/** What a check found. */
export interface ConfigCheck {
  /** What is wrong, a sentence each; empty for a configuration that can be used. */
  readonly problems: readonly string[]
  readonly settings: readonly ConfiguredSetting[]
  /** Undefined when there are problems. */
  readonly config: ServerConfig | undefined
}

interface Found {
  readonly value: unknown
  readonly origin: ConfigOrigin
}

/** Reads a configuration from a file, the environment and flags, and says all that is wrong with it. */
export async function checkConfig(sources: ConfigSources): Promise<ConfigCheck> {
  const problems: string[] = []
  const found = new Map<string, Found>()
  if (sources.file !== undefined) await readFileSettings(sources.file, found, problems)
  readVariables(sources.env ?? {}, found, problems)
  readFlags(sources.flags ?? {}, found, problems)
  return checked(found, problems)
}

/**
 * Reads a configuration from a file, the environment and flags.
 *
 * @throws OmenError `invalid_argument` naming everything that is wrong
 */
export async function loadConfig(sources: ConfigSources): Promise<ServerConfig> {
  return configOf(await checkConfig(sources))
}

/**
 * Fills a configuration that a program gives with defaults.
 *
 * @throws OmenError `invalid_argument` naming everything that is wrong
 */
export function resolveConfig(input: ConfigInput): ServerConfig {
  const problems: string[] = []
  const found = new Map<string, Found>()
  collect(input, '', 'program', found, problems)
  return configOf(checked(found, problems))
}

function configOf({ config, problems }: ConfigCheck): ServerConfig {
  if (config) return config
  throw new OmenError('invalid_argument', `the configuration is wrong: ${problems.join('; ')}`)
}

function checked(found: ReadonlyMap<string, Found>, problems: string[]): ConfigCheck {
  const settings = NAMED_SETTINGS.map(({ setting, ...names }): ConfiguredSetting => {
    const { value, origin } = found.get(names.name) ?? { value: undefined, origin: 'default' as const }
    const { says, takes } = setting
    if (value === undefined) return { ...names, value: setting.fallback, origin: 'default', says, takes }
    try {
      return { ...names, value: setting.check(value), origin, says, takes }
    } catch (error) {
      problems.push(`${names.name} (${origin}): ${error instanceof Error ? error.message : String(error)}`)
      return { ...names, value, origin, says, takes }
    }
  })
  if (problems.length > 0) return { problems, settings, config: undefined }
  const config = nested(settings)
  problems.push(...contradictions(config))
  return { problems, settings, config: problems.length > 0 ? undefined : config }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/

/** What is wrong with settings together that are right alone. */
function contradictions({ host, auth, tls }: ServerConfig): string[] {
  const problems: string[] = []
  const { jwt } = auth
  if (auth.mode === 'off' && !LOOPBACK.test(host) && !auth.exposeWithoutAuthentication) {
    problems.push(
      `host ${host} can be reached from other machines and auth.mode is off: ` +
        'set auth.mode to keys, or say that you want it by auth.exposeWithoutAuthentication',
    )
  }
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    problems.push('tls.certFile and tls.keyFile belong together')
  }
  if (tls.clientCaFile !== undefined && tls.certFile === undefined) {
    problems.push('tls.clientCaFile needs tls.certFile and tls.keyFile')
  }
  const sources = [jwt.jwksUrl, jwt.jwksFile, jwt.secretFile].filter((source) => source !== undefined)
  if (sources.length > 1) problems.push('auth.jwt takes one of jwksUrl, jwksFile and secretFile')
  const named = jwt.issuer !== undefined && jwt.audience !== undefined
  if (sources.length === 1 && !named) problems.push('auth.jwt needs issuer and audience')
  if (sources.length === 0 && (jwt.issuer ?? jwt.audience) !== undefined) {
    problems.push('auth.jwt needs one of jwksUrl, jwksFile and secretFile')
  }
  if (auth.mode === 'off' && sources.length > 0) problems.push('auth.jwt has no use while auth.mode is off')
  return problems
}

async function readFileSettings(file: string, found: Map<string, Found>, problems: string[]): Promise<void> {
  let content: unknown
  try {
    content = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    problems.push(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return
  }
  const inFile = new Map<string, Found>()
  collect(content, '', 'file', inFile, problems)
  for (const { name, setting } of NAMED_SETTINGS) {
    const { value } = inFile.get(name) ?? {}
    // A path in a file is meant from where the file lies.
    if (setting.path && typeof value === 'string') {
      inFile.set(name, { value: resolve(dirname(file), value), origin: 'file' })
    }
  }
  for (const [name, entry] of inFile) found.set(name, entry)
}

/** Finds the settings in an object of groups. */
function collect(
  content: unknown,
  prefix: string,
  origin: ConfigOrigin,
  found: Map<string, Found>,
  problems: string[],
): void {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`${prefix === '' ? 'a configuration' : prefix.slice(0, -1)} is an object of settings`)
    return
  }
  for (const [key, value] of Object.entries(content)) {
    const name = prefix + key
    if (NAMED_SETTINGS.some((named) => named.name === name)) found.set(name, { value, origin })
    else if (NAMED_SETTINGS.some((named) => named.name.startsWith(`${name}.`))) {
      if (value !== undefined) collect(value, `${name}.`, origin, found, problems)
    } else problems.push(unknownName(name, 'name'))
  }
}

function readVariables(
  env: Readonly<Record<string, string | undefined>>,
  found: Map<string, Found>,
  problems: string[],
): void {
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || text === undefined) continue
    readText('variable', variable, text, 'environment', found, problems)
  }
}

function readFlags(
  flags: Readonly<Record<string, string>>,
  found: Map<string, Found>,
  problems: string[],
): void {
  for (const [flag, text] of Object.entries(flags)) readText('flag', flag, text, 'flag', found, problems)
}

function readText(
  by: 'variable' | 'flag',
  name: string,
  text: string,
  origin: ConfigOrigin,
  found: Map<string, Found>,
  problems: string[],
): void {
  const named = NAMED_SETTINGS.find((each) => each[by] === name)
  if (!named) problems.push(unknownName(name, by))
  else found.set(named.name, { value: named.setting.parse(text), origin })
}

function unknownName(name: string, by: 'name' | 'variable' | 'flag'): string {
  const words = (text: string): string[] => text.toLowerCase().split(/[._-]|(?=[A-Z])/)
  const last = words(name).at(-1) ?? ''
  const near = NAMED_SETTINGS.map((each: NamedSetting) => each[by]).filter((each) =>
    words(each).includes(last),
  )
  const hint = near.length > 0 ? `: did you mean ${near.slice(0, 3).join(' or ')}?` : ''
  return `there is no setting ${name}${hint}`
}

/** The configuration that a list of settings stands for. */
function nested(settings: readonly ConfiguredSetting[]): ServerConfig {
  const config: Record<string, unknown> = {}
  for (const { name, value } of settings) {
    const keys = name.split('.')
    const last = keys.pop() ?? name
    let group = config
    for (const key of keys) {
      group[key] ??= {}
      group = group[key] as Record<string, unknown>
    }
    group[last] = value
  }
  // Each value was checked by the setting that the type asks for.
  return config as unknown as ServerConfig
}
