// `npm start`: prepares everything, then loads WordNet into a database and answers questions by meaning.
import { bootstrap, fail, node } from './bootstrap.mjs'

async function main() {
  await bootstrap()
  const { code } = await node('apps/start/dist/main.js', process.argv.slice(2), { live: true })
  process.exitCode = code
}

await main().catch(fail)
