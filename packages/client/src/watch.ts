import { OmenError, throwIfAborted } from '@omen/core'
import type { CollectionChange, Schema, WatchOptions } from '@omen/schema'
import { checkOptionNames, signalOf } from '@omen/schema/check'
import type { ReadRow } from '@omen/wire'
import { delayBefore, mayPass, pause } from './retry.ts'
import type { Transport } from './transport.ts'

type RawChange = Omit<CollectionChange<Schema>, 'written'> & { readonly written: Record<string, unknown>[] }

/**
 * Follows the changes of a collection. A connection that breaks is made again from the last change on, so that none is missed
 * and none comes twice.
 *
 * @param path of the collection
 * @throws OmenError as `Collection.watch`; what ended the connection when it cannot be made again
 */
export async function* watch<S extends Schema, K extends keyof S & string>(
  transport: Transport,
  path: string,
  readRow: ReadRow,
  options: WatchOptions<K>,
): AsyncGenerator<CollectionChange<S, K>, void, undefined> {
  checkOptionNames('watch', options, ['after', 'select', 'signal', 'timeoutMs'])
  const signal = signalOf(options)
  throwIfAborted(signal)
  const select = options.select?.join(',')
  let after = options.after ?? (await versionNow(transport, path, signal))
  for (let failures = 0; ; ) {
    try {
      const query = { after: String(after), select }
      const request = {
        method: 'GET',
        path: `${path}/watch`,
        query,
        repeatable: false,
        call: { signal },
      } as const
      for await (const item of transport.stream(request)) {
        failures = 0
        if (item === undefined) continue
        const change = item as RawChange
        after = change.version
        yield { ...change, written: change.written.map(readRow) } as unknown as CollectionChange<S, K>
      }
      throw new OmenError('io', 'the server ended the stream of changes')
    } catch (error) {
      transport.checkOpen()
      if (!(error instanceof OmenError) || !mayPass(error) || failures >= transport.retries) throw error
      throwIfAborted(signal)
      await pause(delayBefore(failures++), signal).catch(() => throwIfAborted(signal))
    }
  }
}

/** The version from which on changes are new: told once, so that none is missed should the first connection break. */
async function versionNow(
  transport: Transport,
  path: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const reply = await transport.send({ method: 'GET', path, repeatable: true, call: { signal } })
  return (reply as { readonly version: number }).version
}
