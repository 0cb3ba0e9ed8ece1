import type { FastifyInstance } from 'fastify'
import type { AuditLog } from './audit/audit-log.ts'
import type { LimitsConfig } from './config/config.ts'
import type { Connections } from './http/connections.ts'
import { HttpError } from './http/errors.ts'
import type { UnderWay } from './limits/under-way.ts'
import type { Snapshots } from './state/snapshots.ts'

/** What ends with a server. */
export interface Ending {
  readonly life: { closing: boolean }
  readonly underWay: UnderWay
  readonly connections: Connections
  readonly snapshots: Snapshots
  readonly audit: AuditLog | undefined
  readonly limits: LimitsConfig
}

/** How often it looks whether it can go on closing, in milliseconds. */
const LOOK_MS = 20
/** How long clients have to take what was answered, in milliseconds. */
const LINGER_MS = 1000

/**
 * Lets a server close in order: no new requests, an end to streams, which would go on for ever, time for what was accepted,
 * and only then the rest.
 */
export function closeGracefully(app: FastifyInstance, ending: Ending): void {
  const { life, underWay, connections, snapshots, audit, limits } = ending
  let idle: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    life.closing = true
    const reason = new HttpError('closed', 'the server is closing')
    underWay.endStreams(reason)
    const until = performance.now() + limits.shutdownMs
    while (underWay.size > 0 && performance.now() < until) await later(LOOK_MS)
    underWay.endAll(reason)
    // Everything is answered: connections are kept open for requests that will not come.
    const closeIdle = (): void => {
      app.server.closeIdleConnections()
      connections.closeUnused()
    }
    closeIdle()
    idle = setInterval(closeIdle, LOOK_MS)
    setTimeout(() => connections.closeAll(), LINGER_MS).unref()
  })
  app.addHook('onClose', async () => {
    clearInterval(idle)
    underWay.close()
    snapshots.closeAll()
    await audit?.close()
  })
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
