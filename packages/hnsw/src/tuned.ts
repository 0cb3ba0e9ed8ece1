import { type JsonValue, OmenError, type SearchDefaults, type SearchOptions } from '@omen/core'

/** How hard a search tries: candidates kept on the way, how far they may be, and how many of them are rescored. */
export interface Effort {
  readonly beam: number
  /** As in `SearchOptions`; undefined: however far they are. */
  readonly epsilon?: number
  readonly rescore: number
}

const DEFAULT_BEAM = 64
/** Where epsilon ends walks: more than nearly all of them hold by then. */
const DEFAULT_EPSILON_BEAM = 1024
/**
 * Matches of a filter lie farther from a query than its neighbours do, and are not each other's neighbours: harder to
 * find. Most walks end before, when what they found has settled.
 */
const DEFAULT_FILTERED_BEAM = 288
/** Candidates rescored for each row wanted: four-bit codes need three to five. */
const RESCORE_FACTOR = 4
const MIN_RESCORE = 32

/** The effort that searches for k rows need for a recall. */
export interface TunedSetting extends Effort {
  /** What was aimed at. */
  readonly recall: number
  readonly k: number
}

/**
 * The settings that an index was tuned to, at most one for each recall and k; the one tuned last is last.
 *
 * What finds the k nearest rows finds fewer as well, so that a setting serves every smaller k and every lower recall.
 */
export class TunedSettings {
  #settings: readonly TunedSetting[]

  constructor(settings: readonly TunedSetting[] = []) {
    this.#settings = settings
  }

  get all(): readonly TunedSetting[] {
    return this.#settings
  }

  set({ recall, k, beam, epsilon, rescore }: TunedSetting): void {
    const others = this.#settings.filter((each) => each.recall !== recall || each.k !== k)
    this.#settings = [...others, { recall, k, beam, ...(epsilon === undefined ? {} : { epsilon }), rescore }]
  }

  /**
   * What a search does that does not say: what was tuned for it, unless it has a beam of its own.
   *
   * @throws OmenError `not_tuned` for a recall that was not tuned for
   */
  effort(
    k: number,
    recall: number | undefined,
    { beam, epsilon, rescore: asked, accept }: SearchOptions,
  ): Effort & SearchDefaults {
    if (recall !== undefined) return this.reaching(recall, k)
    const tuned = beam === undefined && epsilon === undefined ? this.usual(k) : undefined
    if (tuned) return tuned
    const rescore = asked ?? Math.max(MIN_RESCORE, RESCORE_FACTOR * k)
    // Only what a beam holds can be compared again.
    const atLeast = (least: number): number => Math.max(least, asked ?? 0)
    if (accept) return { beam: atLeast(DEFAULT_FILTERED_BEAM), rescore, settles: true }
    return { beam: atLeast(epsilon === undefined ? DEFAULT_BEAM : DEFAULT_EPSILON_BEAM), rescore }
  }

  /** The setting tuned last that serves k; undefined when there is none. */
  usual(k: number): TunedSetting | undefined {
    return this.#settings.findLast((setting) => setting.k >= k)
  }

  /**
   * The least effort that was tuned for this recall and k, or for more.
   *
   * @throws OmenError `not_tuned` when there is none, saying what would make one
   */
  reaching(recall: number, k: number): TunedSetting {
    const enough = this.#settings.filter((setting) => setting.recall >= recall && setting.k >= k)
    // A beam says little where epsilon ends walks: what was tuned for less takes less.
    const [least] = enough.sort((a, b) => a.recall - b.recall || a.k - b.k)
    if (least) return least
    const known =
      this.#settings.map((each) => `recall ${each.recall} at k = ${each.k}`).join(', ') || 'nothing'
    throw new OmenError(
      'not_tuned',
      `the index was tuned for ${known}: call tune({ recall: ${recall}, k: ${k} }), or give beam in place of recall`,
    )
  }
}

/** Reads settings as files have them. @returns undefined for what can be none */
export function readTuned(stored: JsonValue | undefined): TunedSettings | undefined {
  if (stored === undefined) return new TunedSettings()
  if (!Array.isArray(stored)) return undefined
  const settings: TunedSetting[] = []
  for (const each of stored as readonly JsonValue[]) {
    if (typeof each !== 'object' || each === null) return undefined
    const { recall, k, beam, epsilon, rescore } = each as Record<string, JsonValue>
    if (typeof recall !== 'number' || !(recall > 0 && recall <= 1)) return undefined
    if (!isCount(k) || !isCount(beam) || !isCount(rescore)) return undefined
    if (epsilon === undefined) settings.push({ recall, k, beam, rescore })
    else if (typeof epsilon === 'number' && epsilon >= 0) settings.push({ recall, k, beam, epsilon, rescore })
    else return undefined
  }
  return new TunedSettings(settings)
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value < 2 ** 32
}
