import { once } from 'node:events'
import { loadConfig, serve as serveDatabase } from '@omen/server'
import { directoryOf } from '../database/open.ts'
import { EXIT } from '../exit-codes.ts'
import { type Call, type Command, command } from './command.ts'
import { CONFIG_OPTIONS, configSources } from './config-options.ts'

export const serve: Command = command({
  operands: ['<directory>'],
  text: `
Serves the database in a directory, which is created when it is not there, until Ctrl-C or SIGTERM; then it finishes what it
accepted. It listens on this machine alone unless --host says otherwise.

Where no key may do everything yet, one is made and printed: this once, since the server keeps no secrets. omen keys makes more,
with fewer rights. Settings come from a file (--config), from the environment (OMEN_SERVER_PORT) and from options; what comes
later counts more. omen config check says what they amount to.`,
  options: CONFIG_OPTIONS,
  examples: [
    { does: 'for programs on this machine', line: 'omen serve ./data' },
    { does: 'settings from a file', line: 'omen serve ./data --config server.json' },
    {
      does: 'for other machines, with TLS',
      line: 'omen serve ./data --host 0.0.0.0 --tls-cert-file cert.pem --tls-key-file key.pem',
    },
    {
      does: 'try it',
      line: `curl -H "Authorization: Bearer $OMEN_KEY" http://127.0.0.1:7700/v1/collections`,
    },
  ],
  run: runServe,
})

async function runServe({ operands, options, output, signal }: Call<typeof CONFIG_OPTIONS>): Promise<number> {
  const [where = ''] = operands
  const config = await loadConfig(configSources(options))
  const server = await serveDatabase(directoryOf(where), config)
  const { url, console: page, firstKey } = server
  output.result({ url, ...(firstKey !== undefined && { firstKey }) }, () => {
    const lines = [`${where} is served at ${url}`]
    if (page !== undefined) lines.push(`its console, for a browser: ${page}`)
    if (firstKey !== undefined) {
      lines.push('', 'the first key, which may do everything, shown this once:', `  ${firstKey}`, '')
    }
    return lines.join('\n')
  })
  if (!signal.aborted) await once(signal, 'abort')
  output.note('finishing what was accepted')
  await server.close()
  return EXIT.ok
}
