import type { Limits } from './limits.ts'

/**
 * The moments between two steps of which the second must not be lost or seen without the first: where the proofs kill the
 * process, fail, or look.
 */
export const POINTS = [
  'create:before-manifest',
  'create:done',
  'open:locked',
  'open:manifest-read',
  'open:log-open',
  'open:segments-open',
  'open:record-replayed',
  'open:replayed',
  'open:cleaned',
  'write:before-append',
  'write:appended',
  'write:before-apply',
  'write:applied',
  'collection:before-create',
  'collection:created',
  'collection:before-change',
  'collection:changed',
  'collection:before-drop',
  'collection:dropped',
  'manifest:before-write',
  'manifest:written',
  'manifest:current-swapped',
  'manifest:before-remove',
  'manifest:file-removed',
  'manifest:before-trim',
  'manifest:trimmed',
  'seal:rotated',
  'seal:before-write',
  'seal:written',
  'seal:opened',
  'seal:before-publish',
  'seal:swapped',
  'deletions:before-write',
  'deletions:written',
  'merge:chosen',
  'merge:before-write',
  'merge:written',
  'merge:opened',
  'merge:before-publish',
  'merge:swapped',
  'close:begun',
  'close:sealed',
  'close:log-closed',
  'close:unlocked',
  'backup:file-copied',
  'backup:done',
] as const

export type Point = (typeof POINTS)[number]

/** What only tests ask of an engine. */
export interface EngineHooks {
  /** Called at every point; what it throws is as if the step that follows had failed. */
  readonly point?: (name: Point) => void
  /** Whether background work begins by itself; true when left out. Without it, `Maintenance.runAll` runs it on demand. */
  readonly background?: boolean
  /** Limits other than those that follow from the options. */
  readonly limits?: Partial<Limits>
  /** The time now, in milliseconds since 1970; the clock's when left out. */
  readonly now?: () => number
}
