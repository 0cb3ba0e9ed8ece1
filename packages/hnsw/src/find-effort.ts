import type { Effort } from './tuned.ts'

/** Steps of a beam or an epsilon smaller than a sixteenth of it change less than queries differ. */
const STEPS = 16
/** How much rescoring counts differ. */
const RESCORE_RATIO = 1.5
/** Widths tried with fewer rescored, over the least width with all rescored: wider ones cost more than they save. */
const WIDER = [1, 1.1, 1.2, 1.35, 1.5]
/** What a walk that epsilon ends may keep, over the beam that reaches the recall alone: hard queries need more than others. */
const ROOM = 2
/** The first epsilon tried, and one beyond which walks hardly end before their beam is done. */
const FIRST_EPSILON = 0.05
const MAX_EPSILON = 1.6

/** What an index allows. */
export interface EffortLimits {
  readonly k: number
  readonly maxBeam: number
  /** Whether there are finer codes to rescore by. */
  readonly rescores: boolean
  /** Whether distances have an origin, so that walks can end by epsilon. */
  readonly hasOrigin: boolean
}

/** One way to try harder: the wider, the more is found. */
type Way = (width: number, rescore: number) => Effort

/**
 * Finds efforts that reach a recall, each of them the least in its way: the smallest beam and the smallest epsilon when all
 * candidates are rescored, and for each smaller number of rescored candidates the smallest that makes up for it.
 *
 * Recall grows with both, up to what queries differ, and is highest for each when all are rescored.
 *
 * @param measure gives the recall of an effort
 * @returns none when not even the widest beam reaches it
 */
export async function findEfforts(
  measure: (effort: Effort) => Promise<number>,
  target: number,
  { k, maxBeam, rescores, hasOrigin }: EffortLimits,
): Promise<Effort[]> {
  const reaches = async (effort: Effort): Promise<boolean> => (await measure(effort)) >= target
  const byBeam: Way = (width, rescore) => ({ beam: Math.min(Math.ceil(width), maxBeam), rescore })
  // Where there is nothing finer, only those that are returned count as rescored.
  const allOf = (width: number): number => (rescores ? width : k)
  const beam = await leastBeam((width) => reaches(byBeam(width, allOf(width))), k, maxBeam)
  if (beam === undefined) return []
  const found = await effortsFrom(byBeam, beam, allOf(beam), k, reaches)
  if (!hasOrigin) return found
  const room = Math.min(ROOM * beam, maxBeam)
  const byEpsilon: Way = (epsilon, rescore) => ({ beam: room, epsilon, rescore })
  const epsilon = await leastEpsilon((width) => reaches(byEpsilon(width, allOf(room))))
  if (epsilon === undefined) return found
  return [...found, ...(await effortsFrom(byEpsilon, epsilon, allOf(room), k, reaches))]
}

async function leastBeam(
  reaches: (beam: number) => Promise<boolean>,
  k: number,
  maxBeam: number,
): Promise<number | undefined> {
  let tooSmall = k - 1
  let enough = Math.min(k, maxBeam)
  while (!(await reaches(enough))) {
    if (enough === maxBeam) return undefined
    tooSmall = enough
    enough = Math.min(2 * enough, maxBeam)
  }
  while (enough - tooSmall > Math.max(1, enough / STEPS)) {
    const middle = Math.ceil((tooSmall + enough) / 2)
    if (await reaches(middle)) enough = middle
    else tooSmall = middle
  }
  return enough
}

async function leastEpsilon(reaches: (epsilon: number) => Promise<boolean>): Promise<number | undefined> {
  let tooSmall = 0
  let enough = FIRST_EPSILON
  while (!(await reaches(enough))) {
    if (enough >= MAX_EPSILON) return undefined
    tooSmall = enough
    enough *= 2
  }
  while (enough - tooSmall > enough / STEPS && enough > FIRST_EPSILON / STEPS) {
    const middle = (tooSmall + enough) / 2
    if (await reaches(middle)) enough = middle
    else tooSmall = middle
  }
  return enough
}

/**
 * The effort that rescores all, and for each smaller number of rescored candidates the one of the least width that reaches
 * the recall, where one does.
 */
async function effortsFrom(
  way: Way,
  width: number,
  all: number,
  k: number,
  reaches: (effort: Effort) => Promise<boolean>,
): Promise<Effort[]> {
  const found = [way(width, all)]
  for (let rescore = k; rescore < all; rescore = Math.ceil(rescore * RESCORE_RATIO)) {
    const efforts = WIDER.map((factor) => way(width * factor, rescore))
    // One look at the widest tells whether any will do.
    if (!(await reaches(efforts.at(-1) as Effort))) continue
    for (const effort of efforts) {
      if (!(await reaches(effort))) continue
      found.push(effort)
      break
    }
  }
  return found
}
