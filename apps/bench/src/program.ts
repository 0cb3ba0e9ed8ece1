import { OmenError } from '@omen/core'
import { ablation } from './commands/ablation.ts'
import { churn } from './commands/churn.ts'
import type { Command } from './commands/command.ts'
import { compare } from './commands/compare.ts'
import { competitors } from './commands/competitors.ts'
import { database } from './commands/database.ts'
import { datasets } from './commands/datasets.ts'
import { filtered } from './commands/filtered.ts'
import { http } from './commands/http.ts'
import { quantizers } from './commands/quantizers.ts'
import { report } from './commands/report.ts'
import { run } from './commands/run.ts'
import { scale } from './commands/scale.ts'
import { start } from './commands/start.ts'

const COMMANDS: Readonly<Record<string, Command>> = {
  start,
  run,
  ablation,
  scale,
  churn,
  filtered,
  database,
  http,
  quantizers,
  compare,
  report,
  datasets,
  competitors,
}

function overview(): string {
  const width = Math.max(...Object.values(COMMANDS).map(({ usage }) => usage.length))
  const lines = Object.values(COMMANDS).map(({ usage, summary }) => `  ${usage.padEnd(width)}   ${summary}`)
  return `Measures recall, speed and memory of Omen and its competitors, side by side.

usage: node apps/bench/dist/main.js <command> [options]

${lines.join('\n')}

Add --help to a command for its options.`
}

/**
 * Runs the benchmark's program.
 *
 * @param args the command and its arguments
 * @returns the exit code: 2 for a wrong call, 1 for a failure or a regression
 */
export async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    console.log(overview())
    return name === undefined ? 2 : 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    console.error(`there is no command ${name}\n\n${overview()}`)
    return 2
  }
  if (args.includes('--help')) {
    console.log(
      `${command.summary}\n\nusage: node apps/bench/dist/main.js ${command.usage}\n\n${command.help}`,
    )
    return 0
  }
  try {
    return await command.run(args)
  } catch (error) {
    if (!(error instanceof OmenError)) throw error
    console.error(`${name}: ${error.message}`)
    if (error.code !== 'invalid_argument') return 1
    console.error(`usage: node apps/bench/dist/main.js ${command.usage}; --help says more`)
    return 2
  }
}
