import type { Span } from '@opentelemetry/api'
import type { Principal } from '../auth/roles.ts'
import type { Visit } from '../limits/under-way.ts'
import type { Route } from '../routes/route.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined before it was found out. */
    principal: Principal | undefined
    visit: Visit | undefined
    /** What it is for; undefined where there is nothing at its address. */
    route: Route | undefined
    span: Span | undefined
    /** The body as it came, where somebody needs it. */
    bodyBytes: Buffer | undefined
  }
  interface FastifyContextConfig {
    /** What a request is for; nothing where there is nothing at its address. */
    readonly route?: Route
  }
}
