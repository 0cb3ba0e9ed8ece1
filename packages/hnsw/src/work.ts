import type { Parts } from './parts.ts'
import { WORK_NUMBERS } from './search.ts'

/** What a search does, on average: counts, which do not depend on the machine. */
export interface WorkReport {
  /** Queries that were counted. */
  readonly queries: number
  /** Distances computed by the codes that searches walk by. */
  readonly distances: number
  /** Lists of neighbours read, on all layers. */
  readonly hops: number
  /** Distances computed again, by finer codes. */
  readonly rescored: number
  /** Bytes of codes and lists that were looked at. */
  readonly bytes: number
}

/** Averages what searches counted: `WORK_NUMBERS` for each, see `ResultBuffers.work`. */
export function averageWork({ graph, codes, rescoring }: Parts, work: Uint32Array): WorkReport {
  const queries = work.length / WORK_NUMBERS
  const mean = (which: number): number => {
    let sum = 0
    for (let i = which; i < work.length; i += WORK_NUMBERS) sum += work[i] as number
    return queries === 0 ? 0 : sum / queries
  }
  const distances = mean(0)
  const hops = mean(1)
  const rescored = mean(2)
  const bytes =
    distances * codes.codec.bytesPerRow +
    hops * graph.links.bytesPerRow +
    rescored * (rescoring?.codec.bytesPerRow ?? 0)
  return { queries, distances, hops, rescored, bytes }
}
