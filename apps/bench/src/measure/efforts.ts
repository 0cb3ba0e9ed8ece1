import type { SearchParams } from '../engines/engine.ts'
import type { EngineSettings } from '../workload.ts'

/** The most that walks keep that end by distance: more than nearly all of them do. */
const EPSILON_BEAM = 1024

/** The searches that an engine is asked for, from the quickest to the most thorough. */
export function effortsOf(
  k: number,
  { beams, epsilons, rescore }: Pick<EngineSettings, 'beams' | 'epsilons' | 'rescore'>,
): SearchParams[] {
  const common = { k, ...(rescore === undefined ? {} : { rescore: Math.ceil(rescore * k) }) }
  if (epsilons) return epsilons.map((epsilon) => ({ ...common, beam: EPSILON_BEAM, epsilon }))
  return beams.filter((beam) => beam >= k).map((beam) => ({ ...common, beam }))
}
