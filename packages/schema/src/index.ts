export { OmenError, type OmenErrorCode } from '@omen/core'
export type { CallOptions } from './call-options.ts'
export type {
  Collection,
  CollectionChange,
  Deletion,
  Durability,
  OptimizeOptions,
  Replacement,
  WatchOptions,
  WriteOptions,
  WriteResult,
} from './database/collection.ts'
export type { CollectionInfo, Database } from './database/database.ts'
export type {
  Explanation,
  Hit,
  MeasureRecallOptions,
  OneField,
  QueryVector,
  RecallMeasurement,
  SearchManyQuery,
  SearchQuery,
  SearchResult,
  SearchSettings,
  SegmentExplanation,
  WalkExplanation,
} from './database/query.ts'
export type { GetOptions, Reader, ScanOptions, Snapshot } from './database/reader.ts'
export type { CollectionStats, DatabaseStats, Problem, SegmentInfo, Verification } from './database/stats.ts'
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
  type TraitsOf,
  text,
  type VectorOptions,
  vector,
} from './schema/builders.ts'
export {
  type Field,
  type NamedQuantizer,
  type PayloadField,
  type PayloadKind,
  type Schema,
  type Traits,
  type VectorField,
  type VectorKeep,
  type VectorMetric,
  vectorFieldNames,
} from './schema/field.ts'
export type {
  Expiry,
  InputRow,
  OutputFields,
  OutputRow,
  PayloadName,
  RowChange,
  ScannedRow,
  VectorName,
} from './schema/infer.ts'
export type { StandardIssue, StandardResult, StandardSchema } from './schema/standard-schema.ts'
