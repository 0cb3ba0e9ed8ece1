export { randomNumbers } from '../random.ts'
export type { Check, Exceptions } from './check.ts'
export {
  bruteForce,
  clusters,
  type DataSet,
  integers,
  type Neighbor,
  normalNumbers,
  vectorAt,
} from './data.ts'
export type { IndexSubject } from './index-subject.ts'
export { type LogSubject, logChecks, testLog } from './log.ts'
export { type Proof, type ProofOptions, proofSize, prove } from './proof.ts'
export { type QuantizerSubject, quantizerChecks, testQuantizer } from './quantizer.ts'
export { type StorageSubject, storageChecks, testStorageBackend } from './storage.ts'
export { columnOf } from './text-columns.ts'
export { CLIPPING_EXCEPTIONS, testVectorIndex, vectorIndexChecks } from './vector-index.ts'
