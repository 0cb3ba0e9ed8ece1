export type { Check, Exceptions } from './check.ts'
export {
  bruteForce,
  clusters,
  type DataSet,
  integers,
  type Neighbor,
  randomNumbers,
  vectorAt,
} from './data.ts'
export type { IndexSubject } from './index-subject.ts'
export { testVectorIndex, vectorIndexChecks } from './vector-index.ts'
