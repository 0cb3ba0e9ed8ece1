export { OmenError, type OmenErrorCode } from '@omen/core'
export {
  Collection,
  type Deletion,
  type OptimizeOptions,
  type Replacement,
  type WriteOptions,
  type WriteResult,
} from './collection.ts'
export { type CollectionInfo, Database, type OpenOptions, open } from './database.ts'
export type { CallOptions } from './deadline.ts'
export type { Durability } from './engine/commits.ts'
export type { Filter, Operators } from './filter/filter.ts'
export type { MeasureRecallOptions, RecallMeasurement } from './measure-recall.ts'
export type { Hit, OneField, QueryVector, SearchManyQuery, SearchQuery } from './query.ts'
export type { SegmentExplanation } from './read/search.ts'
export {
  CollectionReader,
  type OpenReadOnlyOptions,
  openReadOnly,
  ReadOnlyDatabase,
} from './read-only.ts'
export {
  type Explanation,
  type GetOptions,
  Reader,
  type ScanOptions,
  type SearchResult,
} from './reader.ts'
export { type LostRows, type Mended, type Repair, type RepairOptions, repair } from './repair/repair.ts'
export { type RestoreOptions, restore } from './restore.ts'
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
export { Snapshot } from './snapshot.ts'
export type { CollectionStats, DatabaseStats, SegmentInfo } from './stats.ts'
export type { Problem, Verification } from './verify.ts'
export type { CollectionChange, WatchOptions } from './watch.ts'
