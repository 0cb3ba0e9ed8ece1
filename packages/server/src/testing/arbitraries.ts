import fc from 'fast-check'
import type { JsonSchema } from '../routes/route.ts'

/** What fits the collections of the test, for schemas that say little: by the schema as JSON. */
export type Hints = ReadonlyMap<string, fc.Arbitrary<unknown>>

/** Makes values that a JSON Schema allows: as much of it as the OpenAPI document uses. */
export class ValidValues {
  readonly #hints: Hints

  constructor(hints: Hints) {
    this.#hints = hints
  }

  of(schema: JsonSchema): fc.Arbitrary<unknown> {
    const hint = this.#hints.get(JSON.stringify(schema))
    const plain = valid(schema, (inner) => this.of(inner))
    return hint ? fc.oneof({ weight: 3, arbitrary: hint }, { weight: 1, arbitrary: plain }) : plain
  }
}

type Inner = (schema: JsonSchema) => fc.Arbitrary<unknown>

function valid(schema: JsonSchema, inner: Inner): fc.Arbitrary<unknown> {
  const {
    const: only,
    enum: values,
    anyOf,
    type,
  } = schema as {
    const?: unknown
    enum?: unknown[]
    anyOf?: JsonSchema[]
    type?: string
  }
  if (only !== undefined) return fc.constant(only)
  if (values) return fc.constantFrom(...values)
  if (anyOf) return fc.oneof(...anyOf.map(inner))
  switch (type) {
    case 'object':
      return validObject(schema as ObjectSchema, inner)
    case 'array':
      return validArray(schema as unknown as ArraySchema, inner)
    case 'string':
      return validString(schema as StringSchema)
    case 'integer':
      return validInteger(schema as NumberSchema)
    case 'number':
      return fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.constantFrom(0, 1, 0.5),
      )
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue({ maxDepth: 3 })
  }
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly oneOf?: readonly { readonly required: readonly string[] }[]
  readonly minProperties?: number
  readonly maxProperties?: number
}

function validObject(schema: ObjectSchema, inner: Inner): fc.Arbitrary<object> {
  const { properties = {}, required = [], additionalProperties: more, oneOf } = schema
  if (oneOf) {
    return fc.oneof(
      ...oneOf.map(({ required: also }) => {
        const { oneOf: _, ...rest } = schema
        const others = new Set(oneOf.flatMap((each) => each.required).filter((name) => !also.includes(name)))
        const left = Object.fromEntries(Object.entries(properties).filter(([name]) => !others.has(name)))
        return validObject({ ...rest, properties: left, required: [...required, ...also] }, inner)
      }),
    )
  }
  const named = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, inner(property)])),
    { requiredKeys: [...required] },
  )
  if (more === false || more === undefined) return named
  const value = more === true ? fc.jsonValue({ maxDepth: 2 }) : inner(more)
  const { minProperties = 0, maxProperties = 4 } = schema
  const names = maxProperties === 1 ? fc.constantFrom('embedding', 'embedding', 'title') : SOME_NAMES
  const extra = fc.dictionary(names, value, { minKeys: minProperties, maxKeys: Math.min(maxProperties, 4) })
  return fc.tuple(extra, named).map(([others, known]) => ({ ...others, ...known }))
}

/** Names that mean something to the collections of the test, and others. */
const SOME_NAMES = fc.oneof(
  fc.constantFrom('title', 'lang', 'year', 'embedding', 'id', '*', 'docs', '$and', '$not', '$ttlMs'),
  fc.string({ minLength: 1, maxLength: 12 }),
)

interface ArraySchema {
  readonly items: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
}

function validArray(
  { items, minItems = 0, maxItems = 6 }: ArraySchema,
  inner: Inner,
): fc.Arbitrary<unknown[]> {
  return fc.array(inner(items), { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 6)) })
}

interface StringSchema {
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
}

function validString({ format, pattern, minLength = 0, maxLength = 20 }: StringSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  const limits = { minLength, maxLength: Math.max(minLength, Math.min(maxLength, 20)) }
  return fc.oneof(
    fc.constantFrom('embedding', 'title', 'doc-1', 'docs', 'sq8').filter((text) => text.length >= minLength),
    fc.string(limits),
    fc.string({ ...limits, unit: 'grapheme' }),
  )
}

interface NumberSchema {
  readonly minimum?: number
  readonly maximum?: number
}

function validInteger({ minimum = -1000, maximum = 1000 }: NumberSchema): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: minimum, max: Math.min(maximum, minimum + 20) }),
    fc.integer({ min: minimum, max: Math.min(maximum, 2 ** 31 - 1) }),
    fc.constantFrom(minimum, maximum),
  )
}

/** What has no business in a request, anywhere in it. */
const WRONG: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, '', '\ud800', -1, 1e308, 0.1, 2 ** 53, [], {}, true, 'x'.repeat(300), [[[[]]]]],
    ...[{ $gt: {} }, { constructor: 1 }, { length: 1e9 }],
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

/** A value with something wrong in it somewhere, more often than not. */
export function mutated(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(value, WRONG, fc.nat(), fc.constantFrom('replace', 'add', 'remove'))
    .map(([document, wrong, at, how]) => mutate(structuredClone(document), wrong, at, how))
}

function mutate(document: unknown, wrong: unknown, at: number, how: string): unknown {
  const places: [Record<string, unknown>, string][] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key])
      visit(inner)
    }
  }
  visit(document)
  const [holder, key] = places[at % Math.max(1, places.length)] ?? []
  if (!holder || key === undefined) return wrong
  if (how === 'remove') delete holder[key]
  else holder[how === 'add' ? `${key}x` : key] = wrong
  return document
}
