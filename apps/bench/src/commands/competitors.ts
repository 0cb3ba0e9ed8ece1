import { installCompetitors } from '../engines/competitors.ts'
import { type Command, readArguments } from './command.ts'

export const competitors: Command = {
  usage: 'competitors',
  summary: 'Installs the engines that are compared with; some are compiled.',
  help: '  they lie in apps/bench/competitors, a workspace of its own',
  async run(args) {
    readArguments(args, {}, { least: 0, most: 0 })
    const failed = await installCompetitors()
    console.log(failed ?? 'the competitors are installed')
    return failed === undefined ? 0 : 1
  },
}
