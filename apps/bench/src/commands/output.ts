import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { styleText } from 'node:util'
import { benchmarksFolder, reportsFolder, root } from '../paths.ts'
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

/**
 * Writes a run as JSON, and a document about it; prints what the run showed, and where both are.
 *
 * @param text what the run showed
 * @param document the whole document, where it is more than the text
 */
export function publishDocument(
  name: string,
  run: object,
  text: string,
  options: { readonly keep?: boolean; readonly out?: string },
  document: string = text,
): void {
  const folder = options.keep ? join(benchmarksFolder, 'results') : reportsFolder
  const json = resolve(options.out ?? join(folder, `${name}.json`))
  const path = join(documentsFolder(options), `${name}.md`)
  write(json, `${JSON.stringify(run, rounded, 2)}\n`)
  write(path, document)
  console.log(`${text}\nresults  ${json}\ndocument ${path.replace(`${root}/`, '')}`)
}

/** Where documents go: those that are kept lie with the others, the rest beside the results. */
export function documentsFolder({ keep, out }: { readonly keep?: boolean; readonly out?: string }): string {
  if (keep) return join(root, 'docs')
  return out === undefined ? reportsFolder : dirname(out)
}

/** Writes a file and the folders it lies in. */
export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
