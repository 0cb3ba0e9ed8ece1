// Prints the addon's C++ files for binding.gyp, with forward slashes on every system.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))
const walk = (folder) =>
  readdirSync(join(home, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return ['bench', 'test'].includes(entry.name) ? [] : walk(path)
    return path.endsWith('.cpp') ? [path] : []
  })

console.log(walk('cpp').sort().join('\n'))
