import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal, Role } from '../auth/roles.ts'
import type { Visit } from '../limits/under-way.ts'

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * Who may use a route: everybody (`anyone`), whoever has a key (`any key`), or who has a role, for the collection that the path
 * names or, where it names none, everywhere.
 */
export type Access = 'anyone' | 'any key' | Role

/** A parameter of the path or of the query string. */
export interface Parameter {
  readonly schema: JsonSchema
  readonly says: string
}

/** What a route reads from the body of a request. */
export type RequestBody =
  /** One document, as JSON or MessagePack. */
  | { readonly kind: 'document'; readonly schema: JsonSchema; readonly optional?: boolean }
  /** One document, or the components of a vector, with everything else in the query string. */
  | { readonly kind: 'document or vector'; readonly schema: JsonSchema }
  /** Many documents, one after another. */
  | { readonly kind: 'stream'; readonly schema: JsonSchema }

/** What a route answers when all went well. */
export type ReplyBody =
  | { readonly kind: 'document'; readonly schema: JsonSchema }
  /** Many documents, one after another, each of them so. */
  | { readonly kind: 'stream'; readonly schema: JsonSchema }
  /** One document, or, for who accepts a stream, what happens on the way to it. */
  | { readonly kind: 'document or stream'; readonly schema: JsonSchema; readonly item: JsonSchema }
  | { readonly kind: 'other'; readonly mediaType: string }

/** How much a request takes of what all share. */
export type Load =
  /** Nothing worth counting. */
  | 'light'
  /** A place among those that are worked on, and no more than the time for one request. */
  | 'work'
  /** The same, for as long as it takes. */
  | 'long work'
  /** A place among the open streams. */
  | 'stream'

/** A request, as the work for it sees it. */
export interface Call<Body = unknown, Query = Readonly<Record<string, unknown>>> {
  readonly principal: Principal
  /** Parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Parameters of the query string, checked against the schemas of the route. */
  readonly query: Query
  /** Checked against the schema of the route; a stream of bytes for the body of kind `stream`. */
  readonly body: Body
  readonly visit: Visit
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** One operation: everything that is known about it, from which it is served, checked, documented and tested. */
export interface Route<Body = unknown, Query = Readonly<Record<string, unknown>>> {
  /** Unique: the operationId. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With `{name}` for parameters. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly load: Load
  readonly params?: Readonly<Record<string, Parameter>>
  readonly query?: Readonly<Record<string, Parameter>>
  readonly body?: RequestBody
  readonly reply: ReplyBody
  /** Statuses of errors beside those that every route has. */
  readonly errors?: readonly number[]
  /** Whether the audit log has it; those that need more than `read` when left out. */
  readonly audited?: boolean
  /** Whether the reply goes on for as long as the connection lasts. */
  readonly endless?: boolean
  /** Whether a client may ask for it to be done once, by `Idempotency-Key`. */
  readonly idempotent?: boolean
  /** What stands in the audit log of what it did. */
  readonly effect?: (reply: unknown, call: Call<Body, Query>) => Readonly<Record<string, unknown>>
  /** @returns the document of the reply; undefined when it was sent already */
  readonly handle: (call: Call<Body, Query>) => unknown
}

/** A route of known types as one among all: its schemas make sure of what its body and query are. */
export function route<Body, Query>(definition: Route<Body, Query>): Route {
  return definition as unknown as Route
}

/** The parameter that names a collection. */
export const COLLECTION = 'name'

/** The path of a collection, or of something in it. */
export function ofCollection(rest = ''): string {
  return `/v1/collections/{${COLLECTION}}${rest}`
}

/** Whether what a route does is recorded. */
export function isAudited({ access, audited }: Route): boolean {
  return audited ?? (access === 'write' || access === 'admin')
}
