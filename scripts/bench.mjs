// `npm run bench`: prepares everything and the competitors, then runs a command of the benchmark: without one, its quick
// look at real data.
import { bootstrap, ensureCompetitors, fail, node } from './bootstrap.mjs'

async function main() {
  await bootstrap()
  await ensureCompetitors()
  const given = process.argv.slice(2)
  const command = given[0] === undefined || given[0].startsWith('-') ? ['start', ...given] : given
  const { code } = await node('apps/bench/dist/main.js', command, { live: true })
  process.exitCode = code
}

await main().catch(fail)
