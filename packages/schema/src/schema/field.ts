import type { Metric } from '@omen/core'
import type { StandardSchema } from './standard-schema.ts'

/** The metrics of vector fields: those over floats. */
export type VectorMetric = Exclude<Metric, 'hamming'>

/** What a payload field holds. */
export type PayloadKind = 'keyword' | 'integer' | 'number' | 'boolean' | 'date' | 'text' | 'json'

/** A quantizer by its name and version, such as `sq8/1`: what a database needs in order to find it. Every `Quantizer` is one. */
export interface NamedQuantizer {
  readonly name: string
}

/** What a graph keeps to rescore with: vectors, halves of them, nothing but its codes, or the codes of another quantizer. */
export type VectorKeep = 'f32' | 'f16' | 'codes' | NamedQuantizer

/** A field of vectors, as `vector()` makes it. */
export interface VectorField<Optional extends boolean = boolean> {
  readonly kind: 'vector'
  readonly dimension: number
  readonly metric: VectorMetric
  /** Codes that searches walk by. */
  readonly quantizer: NamedQuantizer
  /** Neighbours of a row in the graph. */
  readonly m: number
  /** Candidates kept while a row is linked into the graph. */
  readonly beam: number
  /** What the graph keeps beside lossy codes: by default nothing, since segments hold the vectors themselves. */
  readonly keep: VectorKeep
  /** A graph, or none: then every search looks at every row. */
  readonly index: 'hnsw' | 'flat'
  readonly optional: Optional
}

/** What the compiler knows of a payload field. */
export interface Traits {
  /** One value as it is written. */
  readonly input: unknown
  /** One value as it is read. */
  readonly output: unknown
  readonly optional: boolean
  readonly many: boolean
  readonly indexed: boolean
}

/** A field of values beside the vectors, as `keyword()`, `integer()` and the others make it. */
export interface PayloadField<Kind extends PayloadKind = PayloadKind, T extends Traits = Traits> {
  readonly kind: Kind
  /** Whether rows may lack it. */
  readonly optional: T['optional']
  /** Whether a row has an array of values. */
  readonly many: T['many']
  /** Whether it can be filtered by. */
  readonly index: T['indexed']
  /** Checks every value, and may change it, before it is stored. */
  readonly validator?: StandardSchema | undefined
  /** For the compiler alone: no field has it. */
  readonly '~traits'?: T
}

export type Field = VectorField | PayloadField

/** The fields of a collection by name. */
export type Schema = Readonly<Record<string, Field>>

/** The names of the fields of vectors, in the order of the schema. */
export function vectorFieldNames(schema: Schema): string[] {
  return Object.keys(schema).filter((name) => schema[name]?.kind === 'vector')
}
