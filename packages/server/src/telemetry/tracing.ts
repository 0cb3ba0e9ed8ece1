import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import { SERVER_VERSION } from '../version.ts'

/** Makes a span of each request, for the tracer that the program has registered with OpenTelemetry. */
export class Tracing {
  readonly #tracer = trace.getTracer('@omen/server', SERVER_VERSION)

  /** Begins the span of a request, below that of who made it, where its headers name one. */
  begin(request: FastifyRequest, operation: string): Span {
    const parent = propagation.extract(context.active(), request.headers)
    const attributes = {
      'http.request.method': request.method,
      'url.path': request.url.split('?', 1)[0] ?? '',
      'omen.operation': operation,
      'omen.request_id': request.id,
    }
    return this.#tracer.startSpan(operation, { kind: SpanKind.SERVER, attributes }, parent)
  }

  /** Does something within a span: what it begins itself lies below. */
  within<T>(span: Span, work: () => T): T {
    return context.with(trace.setSpan(context.active(), span), work)
  }

  end(span: Span, status: number): void {
    span.setAttribute('http.response.status_code', status)
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
  }
}
