import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { styleText } from 'node:util'
import { htmlReport } from '../report/page.ts'
import { textReport } from '../report/text.ts'
import type { Results } from '../results.ts'

/** Prints results and writes them as JSON and as a page. */
export function publish(results: Results, jsonPath: string, htmlPath: string): void {
  console.log(`\n${textReport(results)}\n`)
  write(jsonPath, `${JSON.stringify(results, rounded, 2)}\n`)
  write(htmlPath, htmlReport(results))
  console.log(`results  ${relative(process.cwd(), jsonPath) || jsonPath}`)
  console.log(`report   ${styleText('cyan', pathToFileURL(htmlPath).href)}`)
}

/** Measurements have no more than seven digits worth keeping, and result files are committed. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value
}

/** Writes a file and the folders it lies in. */
export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
