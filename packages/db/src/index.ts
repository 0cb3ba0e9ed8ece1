export type { Filter, Operators } from './filter/filter.ts'
export {
  boolean,
  date,
  type IndexableOptions,
  integer,
  json,
  keyword,
  number,
  type StoredOptions,
  text,
  type VectorOptions,
  vector,
} from './schema/builders.ts'
export type {
  Field,
  PayloadField,
  PayloadKind,
  Schema,
  Traits,
  VectorField,
  VectorMetric,
} from './schema/field.ts'
export type {
  Expiry,
  InputRow,
  OutputFields,
  OutputRow,
  PayloadName,
  RowChange,
  VectorName,
} from './schema/infer.ts'
export type { StandardIssue, StandardResult, StandardSchema } from './schema/standard-schema.ts'
