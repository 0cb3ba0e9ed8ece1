import { availableParallelism } from 'node:os'
import { checkWholeNumber, OmenError } from '@omen/core'
import { chooseMerge, type MergePolicy } from '../segment/merge-policy.ts'

/** When background work begins, when writers wait for it, and what it may use. */
export interface Limits {
  /** Rows of an active segment that is full. */
  readonly sealRows: number
  /** Bytes that the active segments of all collections may take together. */
  readonly activeBytes: number
  /** Bytes that a merge may take that happens by itself. */
  readonly mergeBytes: number
  /** Bytes of graphs that are read into memory; others are mapped. */
  readonly graphBytes: number
  /** Rows of a collection that wait to be linked into a graph, where writers wait as long as linking theirs takes. */
  readonly pendingRows: number
  /** Full segments that are not on disk yet, from which on writers of a collection wait. */
  readonly waitingSegments: number
  /** Records of the log that a collection may need for its replay, before its rows go to disk. */
  readonly replayBytes: number
  /** Rows in memory from which on closing takes them to disk. */
  readonly closeRows: number
  /** Threads of background work. */
  readonly threads: number
  readonly chooseMerge: MergePolicy
}

const MIB = 2 ** 20
const DEFAULT_BUDGET_BYTES = 256 * MIB
const MIN_BUDGET_BYTES = 16 * MIB
/*
 * Of the budget. One segment fills up while another is on its way to disk, and beside them others are merged. The graphs of
 * small collections lie in memory. What is left is for batches on their way, and for what the collector of JavaScript has not
 * looked at yet.
 */
const ACTIVE_SHARE = 0.17
const MERGE_SHARE = 0.32
const GRAPH_SHARE = 0.125

/**
 * The limits that follow from what a user says.
 *
 * @throws OmenError `invalid_argument` naming the option
 */
export function limitsOf(options: {
  readonly memoryBudgetBytes?: number | undefined
  readonly threads?: number | undefined
}): Limits {
  const { memoryBudgetBytes = DEFAULT_BUDGET_BYTES, threads } = options
  if (!Number.isSafeInteger(memoryBudgetBytes) || memoryBudgetBytes < MIN_BUDGET_BYTES) {
    throw new OmenError(
      'invalid_argument',
      `memoryBudgetBytes must be a whole number from ${MIN_BUDGET_BYTES} on, got ${String(memoryBudgetBytes)}`,
    )
  }
  return {
    sealRows: 131_072,
    activeBytes: Math.floor(memoryBudgetBytes * ACTIVE_SHARE),
    mergeBytes: Math.floor(memoryBudgetBytes * MERGE_SHARE),
    graphBytes: Math.floor(memoryBudgetBytes * GRAPH_SHARE),
    pendingRows: 65_536,
    waitingSegments: 2,
    replayBytes: memoryBudgetBytes,
    closeRows: 16_384,
    chooseMerge,
    threads: threads === undefined ? defaultThreads() : checkWholeNumber('threads', threads),
  }
}

function defaultThreads(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2))
}
