import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OmenError } from '@omen/core'
import { markdownReport } from '../report/markdown.ts'
import { htmlReport } from '../report/page.ts'
import { curveSvg } from '../report/svg.ts'
import { textReport } from '../report/text.ts'
import { type DatasetResults, type Results, readResults } from '../results.ts'
import { type Command, readArguments } from './command.ts'
import { write } from './output.ts'

const OPTIONS = {
  html: { type: 'string' },
  svg: { type: 'string' },
  dataset: { type: 'string', short: 'd' },
  missed: { type: 'boolean' },
  markdown: { type: 'boolean' },
} as const

export const report: Command = {
  usage: 'report <results.json>',
  summary: 'Prints the results of a run again, or draws them.',
  help: `      --html file     write the page
      --svg file      write the curve of recall against speed as a picture
  -d, --dataset name  the data set of the picture; the first when left out
      --markdown      print the figures that documents quote
      --missed        draw the share of neighbours missed, on a logarithmic axis, in place of recall`,
  async run(args) {
    const { values, positionals } = readArguments(args, OPTIONS, { least: 1, most: 1 })
    const results = readResults(positionals[0] ?? '')
    if (values.markdown) console.log(markdownReport(results))
    else if (values.html === undefined && values.svg === undefined) console.log(`\n${textReport(results)}\n`)
    if (values.html !== undefined) {
      write(values.html, htmlReport(results))
      console.log(pathToFileURL(resolve(values.html)).href)
    }
    if (values.svg !== undefined) {
      write(values.svg, curveSvg(datasetOf(results, values.dataset), values.missed ? 'missed' : 'linear'))
      console.log(values.svg)
    }
    return 0
  },
}

function datasetOf({ datasets }: Results, name: string | undefined): DatasetResults {
  const found = name === undefined ? datasets[0] : datasets.find(({ dataset }) => dataset.name === name)
  if (found) return found
  throw new OmenError(
    'not_found',
    `the results have no data set ${name ?? ''}; they have ${datasets.map(({ dataset }) => dataset.name).join(', ')}`,
  )
}
