export type {
  Accelerator,
  Doctor,
  GraphCheck,
  NativeChecksum,
  NativeCodes,
  NativeGraph,
  NativeGraphOptions,
  NativeSearch,
  NativeTechnique,
  NativeTexts,
  Refusal,
  ResultBuffers,
  SearchStrategy,
  Workers,
} from './accelerator.ts'
export { NATIVE_TECHNIQUES, SEARCH_STRATEGIES } from './accelerator.ts'
export { bf16 } from './bf16.ts'
export { Bitset, populationCount } from './bitset.ts'
export { Codes } from './codes.ts'
export { distance } from './distance.ts'
export { OmenError, type OmenErrorCode, throwIfAborted, unreachable } from './errors.ts'
export { f16, MAX_F16 } from './f16.ts'
export { FlatIndex, type FlatOpenOptions, type FlatOptions } from './flat.ts'
export { FlatScan, type FlatScanOptions } from './flat-scan.ts'
export { type FloatShape, given } from './given.ts'
export {
  corruptImage,
  type IndexContents,
  type IndexImage,
  type JsonObject,
  type JsonValue,
  type StoredSection,
  storedSection,
} from './image.ts'
export {
  bf16FromF32,
  dotF32,
  dotI8U8,
  dotU8,
  f16FromF32,
  f32FromBf16,
  f32FromF16,
  hammingBits,
  l2F32,
  l2U8,
  referenceDistance,
} from './kernels.ts'
export {
  type Log,
  type LogAppendOptions,
  type LogReader,
  type LogRecord,
  MemoryLog,
  type MemoryLogRecords,
} from './log.ts'
export { MemoryStorage } from './memory-storage.ts'
export {
  allocateVectors,
  checkShape,
  countVectors,
  elementsPerVector,
  MAX_DIMENSION,
  MAX_SQUARED_LENGTH,
  METRICS,
  type Metric,
  MIN_SQUARED_LENGTH,
  prepareVectors,
  type Shape,
  type Vectors,
  vectorError,
} from './metric.ts'
export { none, roundUp } from './none.ts'
export {
  dotI8Packed,
  l2U7U4,
  type PackedBits,
  packedBytes,
  packedComponents,
  packFields,
  unpackFields,
} from './packed.ts'
export type { Codec, Element, NativeCodec, Quantizer, Scorer } from './quantizer.ts'
export { closedError, Queue } from './queue.ts'
export { randomNumbers } from './random.ts'
export { findQuantizer } from './registry.ts'
export { RetiredRows } from './retired-rows.ts'
export { rowBytes } from './row-bytes.ts'
export {
  type CheckedSearch,
  checkQuery,
  checkRecall,
  checkSearch,
  checkWholeNumber,
  countQueries,
  MAX_BATCH_RESULTS,
  type SearchDefaults,
} from './search-options.ts'
export { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT, NO_ROW, Slab } from './slab.ts'
export {
  type AppendDurability,
  checkFileName,
  type Region,
  type StorageBackend,
  type StorageLock,
  type StoredFile,
} from './storage.ts'
export { TEXT_PAGE_BYTES, TextColumn, type TextColumnParts, textEnd, textStart } from './text-column.ts'
export { clampDistance, comesBefore, settleResults, TopK } from './top-k.ts'
export { TRAINING_VECTORS, trainCodec } from './train.ts'
export { TURN_MS, Turns, takeTurn } from './turn.ts'
export type {
  AddOptions,
  IndexStats,
  Progress,
  SearchManyOptions,
  SearchManyResult,
  SearchOptions,
  SearchResult,
  Section,
  VectorIndex,
} from './vector-index.ts'
