import type { FastifyRequest } from 'fastify'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditedAction } from '../audit/chain.ts'
import { type Call, isAudited, type Route } from '../routes/route.ts'
import type { Services } from '../routes/services.ts'
import { collectionOf } from './arrival.ts'
import { HttpError, toldError } from './errors.ts'

/** The header by which a client says that a request is to be done once. */
export const IDEMPOTENCY_KEY = 'idempotency-key'

/**
 * Does what a request asks for: once, where it says so, and on record, where it changes something.
 *
 * @returns the document to be sent, or a promise of it
 */
export function perform(services: Services, route: Route, call: Call): unknown {
  const key = route.idempotent ? call.request.headers[IDEMPOTENCY_KEY] : undefined
  return key === undefined ? recorded(services, route, call) : once(services, route, call, String(key))
}

async function once(services: Services, route: Route, call: Call, key: string): Promise<unknown> {
  const { principal, request } = call
  const content = request.headers['content-type'] ?? ''
  const fingerprint = [route.id, request.url, content, request.bodyBytes ?? '']
  const { reply, replayed } = await services.idempotency.once(principal.id, key, fingerprint, async () =>
    recorded(services, route, call),
  )
  if (replayed) call.reply.header('idempotency-replayed', 'true')
  return reply
}

/** @returns the document, or a promise of it */
function recorded({ audit }: Services, route: Route, call: Call): unknown {
  return audit && isAudited(route) ? onRecord(audit, route, call) : route.handle(call)
}

async function onRecord(audit: AuditLog, route: Route, call: Call): Promise<unknown> {
  if (audit.failure) {
    throw new HttpError('overloaded', 'nothing can be changed now: the audit log cannot be written', {
      cause: audit.failure,
    })
  }
  let reply: unknown
  try {
    reply = await route.handle(call)
  } catch (error) {
    const told = toldError(error)
    const outcome = { status: told?.status ?? 500, code: told?.code ?? 'internal' }
    await audit.record(actionOf(call.request, route, call.principal.id, outcome))
    throw error
  }
  const effect = route.effect?.(reply, call)
  await audit.record(
    actionOf(call.request, route, call.principal.id, { status: 200, ...(effect && { effect }) }),
  )
  return reply
}

/** What the audit log has of a request. */
export function actionOf(
  request: FastifyRequest,
  route: Route,
  who: string,
  outcome: Pick<AuditedAction, 'status' | 'code' | 'effect'>,
): AuditedAction {
  const collection = collectionOf(request)
  return {
    time: new Date().toISOString(),
    ...{ requestId: request.id, who, action: route.id },
    ...(collection !== undefined && { collection }),
    ...outcome,
  }
}
