import { type JsonObject, type JsonValue, OmenError } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import type { RowBlock } from '../rows/row-block.ts'
import type { Segment } from '../segment/segment.ts'

/** Makes what users read of what segments store: the fields they want, with dates as `Date`. */
export class Projection {
  /** Undefined for all of them. */
  readonly #payload: readonly string[] | undefined
  readonly #dates: readonly string[]
  readonly #vectors: readonly string[]

  /**
   * @param select names of fields; all but vectors when left out
   * @throws OmenError `unknown_field`, `invalid_argument`
   */
  constructor(schema: CheckedSchema, select?: readonly string[]) {
    if (select !== undefined && !Array.isArray(select)) {
      throw new OmenError('invalid_argument', 'select is an array of names of fields')
    }
    const [payload, dates, vectors]: [string[], string[], string[]] = [[], [], []]
    for (const name of select ?? schema.payload.keys()) {
      const field = schema.payload.get(name)
      if (field) payload.push(name)
      else if (schema.vectors.has(name)) vectors.push(name)
      else throw unknownField(schema, name)
      if (field?.kind === 'date') dates.push(name)
    }
    this.#payload = select && payload
    this.#dates = dates
    this.#vectors = vectors
  }

  /** Whether anything of the stored payload is wanted. */
  get readsPayload(): boolean {
    return this.#payload?.length !== 0
  }

  /** Adds the fields of a segment's row to an object. */
  addTo(target: Record<string, unknown>, segment: Segment, row: number): void {
    if (this.readsPayload) this.addPayload(target, segment.payload.payload(row))
    this.addStoredVectors(target, segment, row)
  }

  /** Adds the vectors of a segment's row to an object. */
  addStoredVectors(target: Record<string, unknown>, segment: Segment, row: number): void {
    for (const name of this.#vectors) {
      const vector = segment.vector(name, row)
      if (vector) target[name] = vector
    }
  }

  /** Adds payload fields as they are stored to an object. */
  addPayload(target: Record<string, unknown>, payload: JsonObject): void {
    if (this.#payload === undefined) Object.assign(target, payload)
    else pick(target, payload, this.#payload)
    for (const name of this.#dates) {
      const value = target[name] as JsonValue | undefined
      if (value !== undefined) target[name] = dateOf(value)
    }
  }

  /** Adds the vectors of a row of a block to an object. */
  addVectors(target: Record<string, unknown>, { vectors, ids }: RowBlock, row: number): void {
    for (const name of this.#vectors) {
      const { values, present } = vectors.get(name) ?? {}
      if (!values || (present && !present.has(row))) continue
      const dimension = values.length / ids.length
      target[name] = values.slice(row * dimension, (row + 1) * dimension)
    }
  }
}

function unknownField({ fields }: CheckedSchema, name: string): OmenError {
  const names = [...fields.keys()].join(', ') || 'none at all'
  return new OmenError(
    'unknown_field',
    `there is no field ${JSON.stringify(name)} to select: there are ${names}`,
  )
}

function pick(target: Record<string, unknown>, payload: JsonObject, names: readonly string[]): void {
  for (const name of names) if (Object.hasOwn(payload, name)) target[name] = payload[name]
}

function dateOf(value: JsonValue): unknown {
  return Array.isArray(value) ? value.map((each) => new Date(each as number)) : new Date(value as number)
}
