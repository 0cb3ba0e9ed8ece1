import { OmenError, type OmenErrorCode } from '@omen/core'
import { commandHelp, heading, twoColumns } from './arguments/help.ts'
import { parseOptions } from './arguments/options.ts'
import { didYouMean } from './arguments/suggest.ts'
import { COMMON_OPTIONS, type Command, checkOperands } from './commands/command.ts'
import { EXIT } from './exit-codes.ts'
import { Output } from './output/output.ts'
import { UsageError } from './usage-error.ts'

/** A command is loaded when it is called: most need libraries that the others do not. */
interface Entry {
  readonly summary: string
  load(): Promise<Command>
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  query: { summary: 'Finds rows', load: async () => (await import('./commands/query.ts')).query },
  import: {
    summary: 'Writes the rows of a file into a collection',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  export: {
    summary: 'Writes the rows of a collection to a file',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  collections: {
    summary: 'Lists, shows, creates and drops collections',
    load: async () => (await import('./commands/collections.ts')).collections,
  },
  stats: {
    summary: 'Says what there is, and what it takes',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  optimize: {
    summary: 'Does the background work of a collection now',
    load: async () => (await import('./commands/care.ts')).optimize,
  },
  verify: {
    summary: 'Says what is not as it was written',
    load: async () => (await import('./commands/care.ts')).verify,
  },
  repair: {
    summary: 'Saves what can be saved of a damaged database',
    load: async () => (await import('./commands/care.ts')).repair,
  },
  backup: {
    summary: 'Copies a database while it is written to',
    load: async () => (await import('./commands/care.ts')).backup,
  },
  restore: {
    summary: 'Brings a backup back, every byte of it checked',
    load: async () => (await import('./commands/care.ts')).restore,
  },
  serve: {
    summary: 'Serves a database over HTTP',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  keys: {
    summary: 'Lists, creates and revokes the keys of a server',
    load: async () => (await import('./commands/keys.ts')).keys,
  },
  config: {
    summary: 'Checks the configuration of a server',
    load: async () => (await import('./commands/config.ts')).config,
  },
  doctor: {
    summary: 'Says what this machine has, and what could be better',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  bench: {
    summary: 'Measures recall beside speed, on rows of a collection',
    load: async () => (await import('./commands/bench.ts')).bench,
  },
}

function overview(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const)
  return `omen: the embedded-first vector database, from the command line.

${heading('usage')} omen <command> … [options]

${twoColumns([...commands, ['help', 'Says what a command does, with examples'], ['version', 'Says which version this is']])}

A database is a directory, or the URL of a server, such as http://127.0.0.1:7700, with its key in OMEN_KEY. Add --json to any
command for output that programs read.

${heading('exit codes')}
${twoColumns([
  ['0', 'done'],
  ['1', 'failed, or something is not as it should be'],
  ['2', 'called wrongly: nothing was done'],
  ['3', 'done, but some rows were rejected and set aside'],
  ['130', 'stopped by Ctrl-C (143 by SIGTERM): what was acknowledged is durable'],
])}

${heading('to begin')}
  omen import ./data docs docs.jsonl --infer
  omen query ./data docs --like some-id
  omen help import`
}

/**
 * Runs the program.
 *
 * @param args the command and its arguments
 * @param signal fires when it is asked to stop; its reason is the exit code that this gives
 * @returns the exit code
 */
export async function main([name, ...args]: readonly string[], signal: AbortSignal): Promise<number> {
  const output = new Output(args.includes('--json'))
  try {
    return await dispatch(name, args, output, signal)
  } catch (error) {
    if (signal.aborted && error instanceof OmenError && error.code === 'aborted') return Number(signal.reason)
    return fail(name, error, output)
  }
}

async function dispatch(
  name: string | undefined,
  args: readonly string[],
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  if (name === undefined) {
    process.stderr.write(`${overview()}\n`)
    return EXIT.usage
  }
  if (name === 'version' || name === '--version') return await version(output)
  if (name === 'help' || name === '--help' || name === '-h') return await help(args)
  const { load } = entryOf(name)
  if (args.includes('--help') || args.includes('-h')) return await help([name])
  const command = await load()
  const { options, positionals } = parseOptions({ ...command.options, ...COMMON_OPTIONS }, args)
  checkOperands(command.operands, positionals)
  const code = await command.run({ options, operands: positionals, output, signal })
  return signal.aborted && code !== EXIT.ok ? Number(signal.reason) : code
}

function entryOf(name: string): Entry {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry) return entry
  throw new UsageError(
    `there is no command ${name}${didYouMean(name, [...Object.keys(COMMANDS), 'help', 'version'])}`,
  )
}

async function help([name]: readonly string[]): Promise<number> {
  if (name === undefined || name.startsWith('-')) {
    process.stdout.write(`${overview()}\n`)
    return EXIT.ok
  }
  const { summary, load } = entryOf(name)
  process.stdout.write(`${commandHelp(name, summary, await load())}\n`)
  return EXIT.ok
}

async function version(output: Output): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  const number =
    typeof manifest === 'object' && manifest && 'version' in manifest ? String(manifest.version) : ''
  output.result({ version: number }, () => number)
  return EXIT.ok
}

/** Says what went wrong. Errors that are no message to a user come with where they were thrown. */
function fail(name: string | undefined, error: unknown, output: Output): number {
  const usage = error instanceof UsageError
  const message = error instanceof Error ? error.message : String(error)
  if (output.json) {
    const code: OmenErrorCode | 'usage' | 'internal' = usage ? 'usage' : codeOf(error)
    process.stderr.write(`${JSON.stringify({ error: { code, message } })}\n`)
  } else if (usage) {
    const known = name !== undefined && Object.hasOwn(COMMANDS, name)
    process.stderr.write(
      `omen${known ? ` ${name}` : ''}: ${message}\n${known ? `omen help ${name} says how it is called` : 'omen help lists the commands'}\n`,
    )
  } else if (codeOf(error) === 'internal' && error instanceof Error && !('syscall' in error)) {
    process.stderr.write(`omen ${name}: ${error.stack ?? message}\n`)
  } else process.stderr.write(`omen ${name}: ${message}${adviceOf(error)}\n`)
  return usage ? EXIT.usage : EXIT.failed
}

const codeOf = (error: unknown): OmenErrorCode | 'internal' =>
  error instanceof OmenError ? error.code : 'internal'

/** What can be done about an error, beyond what it says. */
function adviceOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'corrupt_database':
    case 'corrupt_segment':
    case 'corrupt_log':
      return '\nbring a backup back with omen restore, or save what can be saved with omen repair'
    case 'locked':
      return '\nwhile another process has it open for writing, it can be read: omen query, export and collections'
    default:
      return ''
  }
}
