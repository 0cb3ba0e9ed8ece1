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
  write(jsonPath, `${JSON.stringify(results, null, 2)}\n`)
  write(htmlPath, htmlReport(results))
  console.log(`results  ${relative(process.cwd(), jsonPath) || jsonPath}`)
  console.log(`report   ${styleText('cyan', pathToFileURL(htmlPath).href)}`)
}

/** Writes a file and the folders it lies in. */
export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
