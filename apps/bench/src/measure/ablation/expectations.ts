import type { Technique } from '@omen/hnsw'

/** How searches and builds are timed: one query a call, all queries in one call, and building. */
export type Way = 'single' | 'batch' | 'build'

/**
 * A factor that was found before this code was written, as a range; and why this code differs from it, where it does. Each
 * sentence says how it was checked: by what is counted, by other codes or fewer vectors, or by leaving out two things.
 */
export interface Expected {
  readonly low: number
  readonly high: number
  /** A sentence for factors below the range. */
  readonly below?: string
  /** A sentence for factors above it. */
  readonly above?: string
}

/** What is known beforehand of something that can be left out. */
export interface Expectation {
  readonly about: string
  readonly expected: Readonly<Partial<Record<Way, Expected>>>
}

const CHANCE = 'chance: as much of the other factors may be chance, too.'

/** Of leaving out nothing. */
export const NOTHING_EXPECTATION: Expectation = {
  about: 'a second copy of the same index: what its factors differ from 1 by is chance',
  expected: {
    single: { low: 1, high: 1, below: CHANCE, above: CHANCE },
    batch: { low: 1, high: 1, below: CHANCE, above: CHANCE },
  },
}

/** Of what can be switched off. */
export const TECHNIQUE_EXPECTATIONS: Readonly<Record<Technique, Expectation>> = {
  prefetchCodes: {
    about: 'the codes of rows are asked for before they are compared, a few at a time',
    expected: {
      single: {
        low: 1.2,
        high: 1.26,
        below:
          'the longer a code, the less it brings, since the lines of a code that follow the first cost little without being asked for. Over 40,000 vectors of GloVe, with 100 components, it brings 1.54× with codes of one cache line (lvq4), 1.35× with two (sq8), 1.07× with seven (f32), where a distance takes 75, 75 and 100 ns without it. A code of 512 components has five lines.',
        above:
          'a code is one cache line, or two with leanvec, and bringing one from memory takes longer on this machine than comparing it. Over 3,000 vectors, whose codes the L2 cache holds, it brings no more than 1.05×.',
      },
    },
  },
  prefetchLists: {
    about: 'the list of the candidate that comes next is asked for ahead of time',
    expected: {
      single: {
        low: 1.09,
        high: 1.14,
        below:
          'it saves less than 0.1 µs a list, and with more links and wider codes lists are read more rarely: one in 1.2 to 2.3 µs. With M = 16, over 40,000 vectors of GloVe, where one is read in 0.8 µs, it brings 1.09×.',
      },
    },
  },
  pipeline: {
    about: "a list's codes travel while the list before it is compared",
    expected: {},
  },
  interleave: {
    about:
      'in a call for many queries, two take turns on a thread: one computes while the other waits for memory',
    expected: {
      batch: {
        low: 1.05,
        high: 1.16,
        below:
          'there is little left to hide. On GloVe a distance takes 46 ns over all vectors and 49 over 3,000, whose codes lie in the L2 cache, on SIFT 48 and 39; with nothing prefetched it takes 76 and 88, whether queries take turns or not. On WordNet taking turns brings 1.05× when the pipeline, which hides the same, is switched off.',
      },
    },
  },
  mergeBatches: {
    about: 'the rows of a list go into the list of candidates in one merge, not one by one',
    expected: {},
  },
  reuseVisited: {
    about: 'the marks of rows that were seen are kept for the next search, and cleared one by one',
    expected: {},
  },
  hugePages: {
    about: 'codes and lists lie in pages of 2 MiB, so that fewer addresses have to be looked up',
    expected: { single: { low: 1.04, high: 1.15 } },
  },
}

/** Of how searches end. */
export const EPSILON_EXPECTATION: Expectation = {
  about:
    'walks end where the closest candidate left is farther than 1 + epsilon times the k-th found, not where a beam of candidates is done: fewer distances for easy queries, more for hard ones',
  expected: {},
}

const WIDE_CODES =
  'on this machine wide codes are waited for although they are asked for ahead of time. On SIFT a distance takes 131 ns with f32, 66 with sq8 and 46 with sq4; over 2,000 vectors, whose codes the caches hold, 59, 42 and 41.'

/** Of what makes another graph. */
export const GRAPH_EXPECTATIONS: Readonly<
  Record<'alpha' | 'sq8' | 'fewBits' | 'fewComponents' | 'moreLinks', Expectation>
> = {
  alpha: {
    about: 'links that lead away are kept more often than the nearest ones alone would allow',
    expected: { single: { low: 1, high: 1.36 } },
  },
  sq8: {
    about: 'searches walk by codes of 8 bits a component, and compare the best exactly',
    expected: {
      single: {
        low: 1.2,
        high: 1.64,
        above: WIDE_CODES,
      },
      build: {
        low: 1.45,
        high: 1.45,
        below:
          'the codes of so few vectors lie in the caches, where a distance takes 64 ns with f32 and 57 with sq8 (searches of 2,000 vectors of GloVe); over all of them it takes 102 and 73.',
        above: '1.45× was found with 100 components, and more with more.',
      },
    },
  },
  fewBits: {
    about: 'searches walk by codes of 4 bits a component, and compare the best exactly',
    expected: { single: { low: 1.1, high: 1.3, above: WIDE_CODES } },
  },
  fewComponents: {
    about:
      'searches walk by the components along the directions of most variance, a quarter as many, and compare the best exactly',
    expected: {},
  },
  moreLinks: {
    about: 'more links and a wider search for them: fewer hops, for more memory and a longer build',
    expected: {
      single: {
        low: 1.36,
        high: 1.36,
        below:
          'as counted, it saves lists rather than distances, and a list, which is asked for ahead of time, costs little here: by these counts and factors as much as three distances or less on GloVe and SIFT, as nine on WordNet.',
      },
    },
  },
}
