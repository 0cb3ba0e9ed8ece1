// The addon's C++ files, with forward slashes on every system; run by itself it prints them for binding.gyp.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))
const walk = (folder, wanted) =>
  readdirSync(join(home, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return ['bench', 'test'].includes(entry.name) ? [] : walk(path, wanted)
    return wanted.test(path) ? [path] : []
  })

/** What is compiled. */
export const files = () => walk('cpp', /\.cpp$/).sort()
/** What that includes. */
export const headers = () => walk('cpp', /\.(h|inl)$/).sort()

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(files().join('\n'))
