import type { PayloadField, Schema } from '../schema/field.ts'
import type { PayloadName } from '../schema/infer.ts'

/** Operators on one field; several in one object must all hold. */
export interface Operators<Value> {
  /** Equal to the value; for arrays: some element is. */
  readonly $eq?: Value
  /** Not `$eq`: rows without the field match too. */
  readonly $ne?: Value
  /** Above, at least, below, at most. Bounds that stand together must be met by one and the same element of an array. */
  readonly $gt?: Value
  readonly $gte?: Value
  readonly $lt?: Value
  readonly $lte?: Value
  /** Equal to one of the values. */
  readonly $in?: readonly Value[]
  /** Not `$in`: rows without the field match too. */
  readonly $nin?: readonly Value[]
  /** Every one of the values, at least one, is an element. */
  readonly $all?: readonly Value[]
  /** Whether the row has the field; an empty array counts as having it. */
  readonly $exists?: boolean
  /** The operators inside do not hold: rows without the field match too. */
  readonly $not?: Operators<Value>
}

type IdOperators = Pick<Operators<string>, '$eq' | '$ne' | '$in' | '$nin'>

type OrderedOperators<Kind, Value> = Kind extends 'boolean'
  ? Omit<Operators<Value>, '$gt' | '$gte' | '$lt' | '$lte' | '$not'> & {
      readonly $not?: Omit<Operators<Value>, '$gt' | '$gte' | '$lt' | '$lte' | '$not'>
    }
  : Operators<Value>

type FieldFilter<F> =
  F extends PayloadField<infer Kind, infer T>
    ? T['indexed'] extends true
      ? T['input'] | OrderedOperators<Kind, T['input']>
      : { readonly $exists: boolean }
    : never

/**
 * Which rows: a plain object, never a string to be parsed. Fields that stand together must all match; a plain value means
 * `$eq`. An empty filter matches every row.
 */
export type Filter<S extends Schema> = string extends keyof S ? FilterOfAny : FilterOf<S>

/** A filter on fields that are known at run time alone: it is checked there. */
interface FilterOfAny {
  readonly [fieldOrOperator: string]: unknown
}

type FilterOf<S extends Schema> = {
  readonly [K in PayloadName<S>]?: FieldFilter<S[K]>
} & {
  readonly id?: string | IdOperators
  readonly $and?: readonly Filter<S>[]
  readonly $or?: readonly Filter<S>[]
  readonly $nor?: readonly Filter<S>[]
  readonly $not?: Filter<S>
}

/** A value in an index: dates are milliseconds, booleans 0 and 1. */
export type IndexValue = string | number

/**
 * A filter that was checked against a schema and brought to few forms, with its values as indexes hold them.
 *
 * `in`: some value of the field is one of `values` (sorted, unique). `range`: some value lies between the bounds, where
 * there are bounds. `exists`: the row has the field. `ids`: the row's id is one of these.
 */
export type CheckedFilter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly CheckedFilter[] }
  | { readonly kind: 'not'; readonly filter: CheckedFilter }
  | { readonly kind: 'in'; readonly field: string; readonly values: readonly IndexValue[] }
  | { readonly kind: 'range'; readonly field: string; readonly range: Range }
  | { readonly kind: 'exists'; readonly field: string }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }

export interface Range {
  readonly low: Bound | undefined
  readonly high: Bound | undefined
}

export interface Bound {
  readonly value: IndexValue
  /** Whether the value itself lies within. */
  readonly inclusive: boolean
}
