import type { Effort } from './tuned.ts'

/** Steps of a beam smaller than a sixteenth of it change less than queries differ. */
const BEAM_STEPS = 16
/** How much rescoring counts differ. */
const RESCORE_RATIO = 1.5
/** Beams tried with fewer rescored, over the least beam with all rescored: wider ones cost more than they save. */
const WIDER = [1, 1.1, 1.2, 1.35, 1.5]

/** What an index allows. */
export interface EffortLimits {
  readonly k: number
  readonly maxBeam: number
  /** Whether there are finer codes to rescore by. */
  readonly rescores: boolean
}

/**
 * Finds efforts that reach a recall, each of them the least in its way: the smallest beam when all candidates are
 * rescored, and for each smaller number of rescored candidates the smallest beam that makes up for it.
 *
 * Recall grows with the beam, up to what queries differ, and is highest for each beam when all are rescored.
 *
 * @param measure gives the recall of an effort
 * @returns none when not even the widest beam reaches it
 */
export async function findEfforts(
  measure: (effort: Effort) => Promise<number>,
  target: number,
  { k, maxBeam, rescores }: EffortLimits,
): Promise<Effort[]> {
  const all = (beam: number): Effort => ({ beam, rescore: rescores ? beam : k })
  const reaches = async (effort: Effort): Promise<boolean> => (await measure(effort)) >= target
  let tooSmall = k - 1
  let enough = Math.min(k, maxBeam)
  while (!(await reaches(all(enough)))) {
    if (enough === maxBeam) return []
    tooSmall = enough
    enough = Math.min(2 * enough, maxBeam)
  }
  while (enough - tooSmall > Math.max(1, enough / BEAM_STEPS)) {
    const middle = Math.ceil((tooSmall + enough) / 2)
    if (await reaches(all(middle))) enough = middle
    else tooSmall = middle
  }
  const found = [all(enough)]
  if (!rescores) return found
  for (let rescore = k; rescore < enough; rescore = Math.ceil(rescore * RESCORE_RATIO)) {
    const beams = WIDER.map((factor) => Math.min(Math.ceil(enough * factor), maxBeam))
    // One look at the widest beam tells whether any will do.
    if (!(await reaches({ beam: beams.at(-1) as number, rescore }))) continue
    for (const beam of beams) {
      if (!(await reaches({ beam, rescore }))) continue
      found.push({ beam, rescore })
      break
    }
  }
  return found
}
