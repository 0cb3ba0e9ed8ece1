import { OmenError } from '@omen/core'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import type { JsonSchema, Route } from '../routes/route.ts'
import { DATE, object, VECTOR } from '../routes/schemas.ts'
import { HttpError } from './errors.ts'
import type { Query } from './query-string.ts'

/** Checks what a request says against the schemas of a route. */
export interface RequestCheck {
  /**
   * @returns the query string with numbers and truth values as such: the same object for the same one, and nobody's to change
   * @throws OmenError `invalid_argument`
   */
  query(query: Query): Query
  /** @throws OmenError `invalid_argument`, `too_large` */
  body(body: unknown): void
}

const OPTIONS = { strict: true, allErrors: false, useDefaults: false, removeAdditional: false } as const

/** Makes the checks of routes. Nothing is coerced, filled in or taken away; a query string alone has but text to begin with. */
export class Validation {
  readonly #bodies = new Ajv2020({
    ...OPTIONS,
    coerceTypes: false,
    strictRequired: false,
    formats: { 'date-time': true },
  })
  readonly #queries = new Ajv2020({ ...OPTIONS, coerceTypes: true, formats: { 'date-time': true } })

  checkOf({ body, query = {} }: Route): RequestCheck {
    const properties = Object.fromEntries(Object.entries(query).map(([name, { schema }]) => [name, schema]))
    const checkQuery = this.#queries.compile(object(properties, []))
    const checked = new WeakMap<Query, Query>()
    const checkBody =
      body && body.kind !== 'stream' ? this.#bodies.compile(validated(body.schema)) : undefined
    const optional = body?.kind === 'document' && body.optional === true
    return {
      query(given) {
        const known = checked.get(given)
        if (known) return known
        const query: Query = { ...given }
        if (!checkQuery(query)) throw refused(checkQuery, 'query')
        checked.set(given, Object.freeze(query))
        return query
      },
      body(given) {
        if (given === undefined) {
          if (!body || optional) return
          throw new OmenError('invalid_argument', 'this needs a body')
        }
        if (checkBody && !Buffer.isBuffer(given) && !checkBody(given)) throw refused(checkBody, 'body')
      },
    }
  }
}

/** A schema without what the database checks better, and what MessagePack has in forms that JSON has not. */
function validated(schema: JsonSchema): JsonSchema {
  const walk = (part: unknown): unknown => {
    if (part === VECTOR || part === DATE) return {}
    if (Array.isArray(part)) return part.map(walk)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, walk(value)]))
  }
  return walk(schema) as JsonSchema
}

function refused({ errors }: ValidateFunction, place: string): OmenError {
  const [error] = errors ?? []
  if (!error) return new OmenError('invalid_argument', `the ${place} is not what this takes`)
  const message = `${place}${error.instancePath.replaceAll('/', '.')} ${sayingOf(error)}`
  return error.keyword === 'maxItems'
    ? new HttpError('too_large', message)
    : new OmenError('invalid_argument', message)
}

function sayingOf({ keyword, params, message = 'is not what this takes' }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties':
      return `has no property ${JSON.stringify(params.additionalProperty)}`
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
    default:
      return message
  }
}
