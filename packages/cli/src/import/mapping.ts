import { OmenError } from '@omen/core'
import type { Schema } from '@omen/schema'
import {
  type CheckedSchema,
  checkId,
  checkKeys,
  checkSchema,
  copyVector,
  expiryOf,
  missing,
  payloadOf,
} from '@omen/schema/check'
import type { SourceRecord } from '../formats/record.ts'
import { UsageError } from '../usage-error.ts'
import { fieldValue, idValue } from './convert.ts'

/** How columns become fields. */
export interface MappingOptions {
  /** The column of ids; `id` when left out. */
  readonly id?: string | undefined
  /** Whether rows are called by their line or number. */
  readonly numberRows?: boolean
  /** Fields by column, where the names differ. */
  readonly fields: ReadonlyMap<string, string>
  /** Columns to leave out. */
  readonly ignore: readonly string[]
  /** Whether columns that are no fields are left out. */
  readonly ignoreUnknown?: boolean
}

export type Row = Readonly<Record<string, unknown>> & { readonly id: string }

/** What a row may say beside its fields. */
const EXPIRY = ['$expiresAt', '$ttlMs']

/** Turns records of a file into rows of a collection, or says what is wrong with them. */
export class Mapping {
  readonly #schema: CheckedSchema
  readonly #options: MappingOptions
  readonly #isText: boolean
  /** A vector that is checked is copied here. */
  readonly #room: Float32Array

  /** @throws UsageError for a field that the collection has not */
  constructor(schema: Schema, options: MappingOptions, isText: boolean) {
    this.#schema = checkSchema(schema)
    this.#options = options
    this.#isText = isText
    const dimensions = [...this.#schema.vectors.values()].map(({ dimension }) => dimension)
    this.#room = new Float32Array(Math.max(0, ...dimensions))
    for (const field of options.fields.values()) {
      if (field === 'id' || this.#schema.fields.has(field)) continue
      throw new UsageError(`there is no field ${field}: there are ${this.#names()}`)
    }
  }

  /**
   * Checks that the columns of a file are fields, before its first row is taken.
   *
   * @throws OmenError `unknown_field`, `invalid_argument`: nothing of the file fits
   */
  checkColumns(record: SourceRecord): void {
    const columns = Object.keys(record.values)
    const unknown = columns.filter((column) => this.#targetOf(column) === undefined)
    if (unknown.length > 0) {
      throw new OmenError(
        'unknown_field',
        `${unknown.join(', ')} in the file is no field: the collection has ${this.#names()}; --map ${unknown[0]}=field renames, --ignore ${unknown[0]} leaves it out, --ignore-unknown all such`,
      )
    }
    const { numberRows, id = 'id' } = this.#options
    if (!numberRows && !columns.some((column) => this.#targetOf(column) === 'id')) {
      throw new OmenError(
        'invalid_argument',
        `there is no column ${JSON.stringify(id)}: --id names the column of ids, --number-rows calls rows by their number`,
      )
    }
  }

  /** @throws OmenError naming the field: the row is not to be written */
  rowOf(record: SourceRecord): Row {
    const row: Record<string, unknown> = {}
    if (this.#options.numberRows) row.id = String(record.line)
    for (const [column, value] of Object.entries(record.values)) {
      const target = this.#targetOf(column)
      if (target === undefined)
        throw new OmenError('unknown_field', `there is no field ${JSON.stringify(column)}`)
      if (target !== IGNORED && value !== undefined && value !== null) this.#set(row, target, value)
    }
    return this.#checked(row)
  }

  #set(row: Record<string, unknown>, target: string, value: unknown): void {
    if (target === 'id') row.id = idValue(value)
    else if (EXPIRY.includes(target))
      row[target] = this.#isText && target === '$ttlMs' ? Number(value) : value
    else {
      const field = this.#schema.fields.get(target)
      const converted = field && inField(target, () => fieldValue(field, value, this.#isText))
      if (converted !== undefined) row[target] = converted
    }
  }

  /** Checks all that writing would check, so that one bad row does not stop those beside it. */
  #checked(row: Record<string, unknown>): Row {
    let at: string | undefined
    try {
      checkKeys(this.#schema, row)
      checkId(row.id)
      payloadOf(this.#schema, row, (field) => {
        at = field
      })
      at = undefined
      expiryOf(row, 0)
      for (const [name, field] of this.#schema.vectors) {
        at = name
        if (row[name] !== undefined) copyVector(field, row[name], this.#room, 0)
        else if (!field.optional) throw missing()
      }
      return row as Row
    } catch (error) {
      throw at === undefined ? error : named(at, error)
    }
  }

  /** The field of a column, `id`, or `IGNORED`; undefined for a column that is nothing. */
  #targetOf(column: string): string | undefined {
    const { id = 'id', numberRows, fields, ignore, ignoreUnknown } = this.#options
    if (ignore.includes(column)) return IGNORED
    if (column === id) return numberRows ? IGNORED : 'id'
    const target = fields.get(column) ?? column
    if (this.#schema.fields.has(target) || EXPIRY.includes(target)) return target
    return ignoreUnknown ? IGNORED : undefined
  }

  #names(): string {
    return [...this.#schema.fields.keys()].join(', ') || 'no fields'
  }
}

/** No field can be called so. */
const IGNORED = ''

function inField<T>(field: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw named(field, error)
  }
}

function named(field: string, error: unknown): unknown {
  if (!(error instanceof OmenError)) return error
  return new OmenError(error.code, `field ${field}: ${error.message}`, { cause: error })
}
