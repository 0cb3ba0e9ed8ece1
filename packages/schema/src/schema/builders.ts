import { type JsonValue, OmenError } from '@omen/core'
import type {
  NamedQuantizer,
  PayloadField,
  PayloadKind,
  VectorField,
  VectorKeep,
  VectorMetric,
} from './field.ts'
import type { StandardSchema } from './standard-schema.ts'

export interface VectorOptions {
  /** `cosine` when left out. */
  readonly metric?: VectorMetric
  /** A name such as `sq8`, or a quantizer; `sq8` when left out, `none` for a flat index. */
  readonly quantizer?: string | NamedQuantizer
  /** Neighbours of a row in the graph, 4 to 128; 16 when left out. */
  readonly m?: number
  /** Candidates kept while a row is linked into the graph, m to 4096; 200 when left out. */
  readonly beam?: number
  /**
   * What the graph keeps beside lossy codes to rescore with: nothing (`codes`) when left out, since winners are rescored
   * with the vectors themselves, which the segments hold.
   */
  readonly keep?: VectorKeep
  /** `hnsw` when left out; `flat` for no graph: every search looks at every row. */
  readonly index?: 'hnsw' | 'flat'
  /** Whether rows may lack it; false when left out. A search for it finds only rows that have it. */
  readonly optional?: boolean
}

export interface StoredOptions {
  /** Whether rows may lack it; false when left out. */
  readonly optional?: boolean
  /** Whether a row has an array of values; false when left out. */
  readonly many?: boolean
}

export interface IndexableOptions extends StoredOptions {
  /** Whether it can be filtered by; true when left out. */
  readonly index?: boolean
}

type NoOptions = Record<never, never>

/** The traits that options give a field. */
export interface TraitsOf<Input, Output, Options, Indexed extends boolean> {
  readonly input: Input
  readonly output: Output
  readonly optional: Options extends { readonly optional: true } ? true : false
  readonly many: Options extends { readonly many: true } ? true : false
  readonly indexed: Indexed
}

type Indexed<Kind extends PayloadKind, Input, Output, Options> = PayloadField<
  Kind,
  TraitsOf<Input, Output, Options, Options extends { readonly index: false } ? false : true>
>

type Stored<Kind extends PayloadKind, Input, Output, Options> = PayloadField<
  Kind,
  TraitsOf<Input, Output, Options, false>
>

/**
 * A field of vectors.
 *
 * @param dimension components of a vector, 1 to 65536
 * @throws OmenError `invalid_argument` for an option that there is not. Everything else is checked when a collection is opened.
 */
export function vector<const Options extends VectorOptions = NoOptions>(
  dimension: number,
  options?: Options,
): VectorField<Options extends { readonly optional: true } ? true : false> {
  const given: VectorOptions = options ?? {}
  checkKnown('vector', given, ['metric', 'quantizer', 'm', 'beam', 'keep', 'index', 'optional'])
  const { metric = 'cosine', m = 16, beam = 200, keep = 'codes', index = 'hnsw', optional = false } = given
  const quantizer = given.quantizer ?? (index === 'flat' ? 'none' : 'sq8')
  return {
    kind: 'vector',
    dimension,
    metric,
    quantizer: typeof quantizer === 'string' ? namedQuantizer(quantizer) : quantizer,
    m,
    beam,
    keep,
    index,
    // The compiler derives from the option what is its value here.
    optional: optional as Options extends { readonly optional: true } ? true : false,
  }
}

/** A name with its version (`sq8/1`), or without: then the first version. */
function namedQuantizer(name: string): NamedQuantizer {
  return { name: name.includes('/') ? name : `${name}/1` }
}

/** Strings to filter by, compared as a whole: tags, languages, foreign ids. At most 8,192 characters each. */
export function keyword<const Options extends IndexableOptions = NoOptions>(
  options?: Options,
): Indexed<'keyword', string, string, Options> {
  return payloadField('keyword', options)
}

/** Whole numbers from −(2^53 − 1) to 2^53 − 1. */
export function integer<const Options extends IndexableOptions = NoOptions>(
  options?: Options,
): Indexed<'integer', number, number, Options> {
  return payloadField('integer', options)
}

/** Finite numbers. */
export function number<const Options extends IndexableOptions = NoOptions>(
  options?: Options,
): Indexed<'number', number, number, Options> {
  return payloadField('number', options)
}

export function boolean<const Options extends IndexableOptions = NoOptions>(
  options?: Options,
): Indexed<'boolean', boolean, boolean, Options> {
  return payloadField('boolean', options)
}

/** Points in time, in whole milliseconds: a `Date`, an ISO 8601 string, or milliseconds since 1970; read as a `Date`. */
export function date<const Options extends IndexableOptions = NoOptions>(
  options?: Options,
): Indexed<'date', Date | string | number, Date, Options> {
  return payloadField('date', options)
}

/**
 * Text that is stored and given back, and not filtered by.
 *
 * @param validator a Standard Schema that checks every text, and may change it, synchronously
 */
export function text<const Options extends StoredOptions = NoOptions>(
  options?: Options,
): Stored<'text', string, string, Options>
export function text<Input, Output extends string, const Options extends StoredOptions = NoOptions>(
  validator: StandardSchema<Input, Output>,
  options?: Options,
): Stored<'text', Input, Output, Options>
export function text(first?: StandardSchema | StoredOptions, second?: StoredOptions): PayloadField<'text'> {
  return storedField('text', ['optional', 'many'], first, second)
}

/**
 * Any JSON but `null`, which says that there is no value; stored and given back, and not filtered by.
 *
 * @param validator a Standard Schema that checks every value, and may change it, synchronously; what it gives must be JSON
 */
export function json<const Options extends Pick<StoredOptions, 'optional'> = NoOptions>(
  options?: Options,
): Stored<'json', JsonValue, JsonValue, Options>
export function json<Input, Output, const Options extends Pick<StoredOptions, 'optional'> = NoOptions>(
  validator: StandardSchema<Input, Output>,
  options?: Options,
): Stored<'json', Input, Output, Options>
export function json(first?: StandardSchema | StoredOptions, second?: StoredOptions): PayloadField<'json'> {
  return storedField('json', ['optional'], first, second)
}

function storedField<Kind extends PayloadKind>(
  kind: Kind,
  known: readonly string[],
  first: StandardSchema | StoredOptions | undefined,
  second: StoredOptions | undefined,
): PayloadField<Kind> {
  const validator = first !== undefined && '~standard' in first ? first : undefined
  const options = (validator ? second : (first as StoredOptions | undefined)) ?? {}
  checkKnown(kind, options, known)
  const { optional = false, many = false } = options
  return { kind, optional, many, index: false, ...(validator && { validator }) }
}

/** A field whose traits the caller derives from the same options. */
function payloadField<Kind extends PayloadKind, F extends PayloadField<Kind>>(
  kind: Kind,
  options: IndexableOptions | undefined,
): F {
  const given = options ?? {}
  checkKnown(kind, given, ['optional', 'many', 'index'])
  const { optional = false, many = false, index = true } = given
  return { kind, optional, many, index } satisfies PayloadField<Kind> as F
}

function checkKnown(field: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new OmenError(
        'invalid_argument',
        `unknown option ${name} of ${field}(): there are ${known.join(', ')}`,
      )
    }
  }
}
