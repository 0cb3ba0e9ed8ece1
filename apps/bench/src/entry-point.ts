import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = fileURLToPath(import.meta.url)
/** Tests run from source, and this Node reads no TypeScript by itself; a loader does. */
const fromSource = extname(here) === '.ts'
const conditions = '--conditions=source'

/** A module to begin with, and the options its Node needs. */
interface EntryPoint<T> {
  readonly entry: T
  readonly execArgv: string[]
}

/**
 * Finds the module that a child process begins with.
 *
 * @param name path below this folder, without extension
 */
export function processEntry(name: string): EntryPoint<string> {
  const entry = join(dirname(here), name + extname(here))
  return { entry, execArgv: fromSource ? [conditions, '--import', loader('tsx')] : [] }
}

/** Finds the module that a worker thread begins with; otherwise as `processEntry`. */
export function workerEntry(name: string): EntryPoint<URL> {
  const file = pathToFileURL(processEntry(name).entry)
  if (!fromSource) return { entry: file, execArgv: [] }
  // The loader ignores --import in worker threads, so there it is registered by hand.
  const api = loader('tsx/esm/api').replace(/cjs$/, 'mjs')
  const code = `import { register } from '${api}'\nregister()\nawait import('${file.href}')`
  return { entry: new URL(`data:text/javascript,${encodeURIComponent(code)}`), execArgv: [conditions] }
}

function loader(name: string): string {
  return pathToFileURL(createRequire(here).resolve(name)).href
}
