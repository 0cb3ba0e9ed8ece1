// pnpm at the pinned version, for a machine that has only npm: `node scripts/pnpm.mjs add -D something`.
import { pnpm } from './bootstrap.mjs'

const { code } = await pnpm(process.argv.slice(2), { live: true })
process.exitCode = code
