// Compiles the addon, incrementally: `configure` runs each time, because only then are new source files seen, and it
// keeps what is compiled already. Headers that lie beside this Node spare node-gyp the download.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const prefix = dirname(dirname(process.execPath))
const beside = existsSync(join(prefix, 'include/node/node_api.h')) ? prefix : undefined
const nodedir = process.env.npm_config_nodedir ?? beside

const { status, error } = spawnSync(
  process.execPath,
  [
    createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js'),
    'configure',
    'build',
    `--jobs=${availableParallelism()}`,
    ...(nodedir ? [`--nodedir=${nodedir}`] : []),
    ...process.argv.slice(2),
  ],
  { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: 'inherit' },
)
if (error) console.error(error.message)
process.exitCode = status ?? 1
