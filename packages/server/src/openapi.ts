import { JSON_TYPE, MSGPACK_STREAM_TYPE, MSGPACK_TYPE, NDJSON_TYPE, VECTOR_TYPE } from '@omen/wire'
import type { ServerConfig } from './config/config.ts'
import {
  COLLECTION,
  type JsonSchema,
  type Parameter,
  type ReplyBody,
  type RequestBody,
  type Route,
} from './routes/route.ts'
import { COLLECTION_NAME, ERROR } from './routes/schemas.ts'
import { SERVER_VERSION } from './version.ts'

/** An OpenAPI document, as far as it concerns who writes one. */
export type OpenApiDocument = Readonly<Record<string, unknown>>

const TAGS: Readonly<Record<string, string>> = {
  Collections: 'What there is: collections with their schemas.',
  Writing: 'Each request is one change: all of it happens or nothing.',
  Reading: 'Rows by their ids, by filters, and as they change.',
  Searching: 'Rows by vectors.',
  Snapshots: 'Rows as they were at one moment.',
  Administration: 'Looking after the database.',
  Keys: 'Who may do what.',
  Server: 'The server itself.',
}

const ERROR_NAMES: Readonly<Record<number, string>> = {
  400: 'The request is wrong: the message says where.',
  401: 'There is no key, or it is not valid.',
  403: 'The key may not do this.',
  404: 'There is no such collection, row or snapshot.',
  408: 'The body came too slowly.',
  409: 'It contradicts what there is.',
  410: 'What was asked for is not kept any more.',
  413: 'The request is larger than the server takes.',
  415: 'The media type of the body is not accepted.',
  429: 'The key makes too many requests.',
  500: 'The server failed.',
  503: 'The server has too much to do, or is closing.',
  504: 'It took longer than it may.',
  507: 'The disk is full.',
}

/** What any route may answer beside what it is for. */
const ALWAYS = [400, 401, 403, 429, 500, 503, 504]
const WITH_BODY = [408, 413, 415]

/** The OpenAPI 3.1 document of routes. */
export function openApiDocument(routes: readonly Route[], { auth }: ServerConfig): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes.filter(({ tag }) => tag !== 'Pages')) {
    const path = paths[route.path] ?? {}
    path[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Omen',
      version: SERVER_VERSION,
      description:
        'The collections of a vector database over HTTP. Bodies are JSON or MessagePack, chosen by Content-Type and Accept; in ' +
        'MessagePack, vectors are extension type 1 (little-endian f32) and dates are timestamps.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: auth.mode === 'off' ? [] : [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key (omen_…), or a token of the identity provider.',
        },
      },
      schemas: { Error: ERROR },
      responses: Object.fromEntries(
        Object.entries(ERROR_NAMES).map(([status, description]) => [
          `Error${status}`,
          errorReply(description),
        ]),
      ),
    },
  }
}

function operationOf(route: Route): JsonSchema {
  const { id, tag, summary, description, access, params, query, body, reply, errors = [] } = route
  const statuses = [...ALWAYS, ...(body ? WITH_BODY : []), ...(access === 'write' ? [507] : []), ...errors]
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [description, `Needs: ${accessOf(route)}.`].filter((text) => text).join('\n\n'),
    ...(access === 'anyone' && { security: [] }),
    parameters: [
      ...(route.path.includes(`{${COLLECTION}}`) ? [collectionParameter] : []),
      ...parameters('path', params ?? {}),
      ...parameters('query', query ?? {}),
      ...(route.idempotent ? [idempotencyParameter] : []),
    ],
    ...(body && { requestBody: requestBodyOf(body) }),
    responses: {
      200: { description: 'Done.', content: replyContent(reply) },
      ...Object.fromEntries(
        [...new Set(statuses)]
          .sort((a, b) => a - b)
          .map((status) => [status, { $ref: `#/components/responses/Error${status}` }]),
      ),
    },
  }
}

const collectionParameter = {
  ...{ name: COLLECTION, in: 'path', required: true, schema: COLLECTION_NAME },
  description: 'The name of a collection.',
}

const idempotencyParameter = {
  ...{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', minLength: 1, maxLength: 255 } },
  description: 'Does it once, however often the request is sent; the reply is remembered for some minutes.',
}

function accessOf({ access, path }: Route): string {
  if (access === 'anyone') return 'no key'
  if (access === 'any key') return 'any key'
  return `a key with the role \`${access}\` for ${path.includes(`{${COLLECTION}}`) ? 'the collection' : '`*`'}`
}

function parameters(place: 'path' | 'query', given: Readonly<Record<string, Parameter>>): JsonSchema[] {
  return Object.entries(given).map(([name, { schema, says }]) => ({
    ...{ name, in: place, schema, description: says },
    ...(place === 'path' && { required: true }),
  }))
}

function requestBodyOf(body: RequestBody): JsonSchema {
  const content = Object.fromEntries(
    mediaTypesOf(body).map((type) => [type, { schema: bodySchema(body, type) }]),
  )
  return { required: !(body.kind === 'document' && body.optional), content }
}

const NO_TYPES: readonly string[] = []
const DOCUMENT_TYPES: readonly string[] = [JSON_TYPE, MSGPACK_TYPE]
const DOCUMENT_OR_VECTOR_TYPES: readonly string[] = [...DOCUMENT_TYPES, VECTOR_TYPE]
const STREAM_TYPES: readonly string[] = [NDJSON_TYPE, MSGPACK_STREAM_TYPE]

/** The media types that a route reads. */
export function mediaTypesOf(body: RequestBody | undefined): readonly string[] {
  switch (body?.kind) {
    case undefined:
      return NO_TYPES
    case 'document':
      return DOCUMENT_TYPES
    case 'document or vector':
      return DOCUMENT_OR_VECTOR_TYPES
    case 'stream':
      return STREAM_TYPES
  }
}

/** Bytes are what JSON Schema says least about. */
function bodySchema({ schema }: RequestBody, mediaType: string): JsonSchema {
  return mediaType === VECTOR_TYPE ? { type: 'string', format: 'binary' } : schema
}

function replyContent(reply: ReplyBody): JsonSchema {
  const document = (schema: JsonSchema): JsonSchema => ({
    [JSON_TYPE]: { schema },
    [MSGPACK_TYPE]: { schema },
  })
  const stream = (schema: JsonSchema): JsonSchema => ({
    [NDJSON_TYPE]: { schema },
    [MSGPACK_STREAM_TYPE]: { schema },
  })
  switch (reply.kind) {
    case 'document':
      return document(reply.schema)
    case 'stream':
      return stream(reply.schema)
    case 'document or stream':
      return { ...document(reply.schema), ...stream(reply.item) }
    case 'other':
      return { [reply.mediaType]: { schema: { type: 'string' } } }
  }
}

function errorReply(description: string): JsonSchema {
  const schema = { $ref: '#/components/schemas/Error' }
  return { description, content: { [JSON_TYPE]: { schema }, [MSGPACK_TYPE]: { schema } } }
}
