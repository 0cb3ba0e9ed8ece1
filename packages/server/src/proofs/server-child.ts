import { serve } from '../serve.ts'

/** Runs in a process of its own: serves a folder until it is told to end, or killed. */
async function main(): Promise<void> {
  const [folder = ''] = process.argv.slice(2)
  const { url, firstKey, close } = await serve(folder, { port: 0, log: { level: 'silent' } })
  process.stdout.write(`${JSON.stringify({ url, firstKey })}\n`)
  process.on('SIGTERM', () => void close().then(() => process.exit(0)))
}

await main()
