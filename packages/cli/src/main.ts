import { EXIT } from './exit-codes.ts'
import { main } from './program.ts'

const stop = new AbortController()
const onSignal = (code: number): void => {
  // The second time, whatever goes on is cut off: a database survives that.
  if (stop.signal.aborted) process.exit(code)
  stop.abort(code)
}
process.on('SIGINT', () => onSignal(EXIT.interrupted))
process.on('SIGTERM', () => onSignal(EXIT.terminated))
// Whoever reads has seen enough, as head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

process.exitCode = await main(process.argv.slice(2), stop.signal)
