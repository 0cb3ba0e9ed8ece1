import type { Field, PayloadField, Schema, VectorField } from './field.ts'

/** Names of the vector fields. */
export type VectorName<S extends Schema> = {
  [K in keyof S & string]: Extract<S[K], VectorField> extends never ? never : K
}[keyof S & string]

/** Names of the payload fields. Of a schema that is known at run time alone, any name may be one of either kind. */
export type PayloadName<S extends Schema> = {
  [K in keyof S & string]: Extract<S[K], PayloadField> extends never ? never : K
}[keyof S & string]

type OptionalName<S extends Schema> = {
  [K in keyof S & string]: S[K]['optional'] extends true ? K : never
}[keyof S & string]

type Input<F extends Field> = F extends VectorField
  ? Float32Array | readonly number[]
  : F extends PayloadField<infer _, infer T>
    ? T['many'] extends true
      ? readonly T['input'][]
      : T['input']
    : never

type Output<F extends Field> = F extends VectorField
  ? Float32Array
  : F extends PayloadField<infer _, infer T>
    ? T['many'] extends true
      ? T['output'][]
      : T['output']
    : never

/** Shows an intersection as one object. */
type Flat<T> = { [K in keyof T]: T[K] }

/** When a row ceases to be: from then on no call finds it. At most one of the two. */
export interface Expiry {
  /** A point in time: a `Date`, an ISO 8601 string or milliseconds since 1970; `null` for never. */
  readonly $expiresAt?: Date | string | number | null
  /** Milliseconds from now on, above 0. */
  readonly $ttlMs?: number
}

/** A row to upsert: an id, every field that is not optional, and perhaps an expiry. `null` stands for no value. */
export type InputRow<S extends Schema> = Flat<
  { readonly id: string } & Expiry & {
      readonly [K in Exclude<keyof S & string, OptionalName<S>>]: Input<S[K]>
    } & { readonly [K in OptionalName<S>]?: Input<S[K]> | null | undefined }
>

/** Changes to a row: fields left out keep their values, `null` removes that of an optional field. */
export type RowChange<S extends Schema> = Flat<
  { readonly id: string } & Expiry & {
      readonly [K in Exclude<keyof S & string, OptionalName<S>>]?: Input<S[K]> | undefined
    } & { readonly [K in OptionalName<S>]?: Input<S[K]> | null | undefined }
>

/** The fields `K` of a row as they are read; an optional one is left out where the row has none. */
export type OutputFields<S extends Schema, K extends keyof S & string> = Flat<
  { [N in Exclude<K, OptionalName<S>>]: Output<S[N]> } & { [N in K & OptionalName<S>]?: Output<S[N]> }
>

/** A row as it is read. */
export type OutputRow<S extends Schema, K extends keyof S & string = PayloadName<S>> = Flat<
  { id: string } & OutputFields<S, K>
>

/** A row of a scan, which may have been asked to say when rows expire. */
export type ScannedRow<S extends Schema, K extends keyof S & string = PayloadName<S>> = Flat<
  OutputRow<S, K> & { $expiresAt?: Date }
>
