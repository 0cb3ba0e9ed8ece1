export { type Estimate, type EstimateOptions, estimate } from './estimate.ts'
export { Hnsw } from './hnsw.ts'
export type { Inspection } from './inspect.ts'
export type { HnswMergeOptions, MergeSource } from './merge.ts'
export { type MergePlan, type PlanSource, planMerge } from './merge-plan.ts'
export {
  type HnswBuildOptions,
  type HnswOpenOptions,
  type HnswOptions,
  type Keep,
  TECHNIQUES,
  type Technique,
} from './options.ts'
export type { SearchPlan } from './plan.ts'
export type { RecallReport } from './recall.ts'
export type { HnswStats } from './stats.ts'
export type { TuneOptions, TunePoint, TuneReport } from './tune.ts'
export type { Effort, TunedSetting } from './tuned.ts'
export type { WorkReport } from './work.ts'
