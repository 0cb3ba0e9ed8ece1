// turbo without telemetry, whoever calls it: `node scripts/turbo.mjs run build`.
import { tool } from './bootstrap.mjs'

const { code } = await tool('turbo', process.argv.slice(2), { live: true })
process.exitCode = code
