// `npm start`: prepares everything, then runs the benchmark's main job beside its competitors.
import { bootstrap, ensureCompetitors, fail, node } from './bootstrap.mjs'

async function main() {
  await bootstrap()
  await ensureCompetitors()
  const { code } = await node('apps/bench/dist/main.js', ['start', ...process.argv.slice(2)], { live: true })
  process.exitCode = code
}

await main().catch(fail)
