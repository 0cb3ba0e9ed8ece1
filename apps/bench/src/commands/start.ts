import { readWorkload } from '../workload.ts'
import { type Command, readArguments } from './command.ts'
import { RUN_HELP, RUN_OPTIONS, runAndPublish } from './run.ts'

export const start: Command = {
  usage: 'start',
  summary: 'Builds an index over real SIFT vectors, measures it beside hnswlib, and writes a report.',
  help: `  takes about a minute; benchmarks/start.json says what is measured\n\n${RUN_HELP}`,
  async run(args) {
    const { values } = readArguments(args, RUN_OPTIONS, { least: 0, most: 0 })
    return runAndPublish(readWorkload('start'), values)
  },
}
