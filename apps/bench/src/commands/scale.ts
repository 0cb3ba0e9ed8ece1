import { join } from 'node:path'
import { root } from '../paths.ts'
import { LIGHT } from '../report/palette.ts'
import { scaleChart, scaleMarkdown } from '../report/scale.ts'
import { chartSvg } from '../report/svg.ts'
import { readWorkload } from '../workload.ts'
import { type Command, readArguments } from './command.ts'
import { documentsFolder, write } from './output.ts'
import { measureAndPublish, RUN_HELP, RUN_OPTIONS } from './run.ts'

export const scale: Command = {
  usage: 'scale',
  summary: 'Measures how cost grows with the number of rows, and how long saving and opening take.',
  help: `  Runs the workload scale: generated vectors at 10 thousand, 100 thousand and 1 million rows (about 4 GB of memory at
  most; -d clusters-128-10k for one size alone). Writes scale.md and its pictures, with --keep into docs/.

${RUN_HELP}`,
  async run(args) {
    const { values } = readArguments(args, RUN_OPTIONS, { least: 0, most: 0 })
    const { results, code } = await measureAndPublish(readWorkload('scale'), values)
    const folder = documentsFolder(values)
    const size = { width: 900, height: 420 }
    write(join(folder, 'scale.svg'), chartSvg(scaleChart(results, LIGHT, 'search'), size))
    write(join(folder, 'scale-build.svg'), chartSvg(scaleChart(results, LIGHT, 'build'), size))
    write(join(folder, 'scale.md'), scaleMarkdown(results))
    console.log(`document ${join(folder, 'scale.md').replace(`${root}/`, '')}`)
    return code
  },
}
