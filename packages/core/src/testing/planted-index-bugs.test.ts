import { describe, expect, test } from 'vitest'
import { Bitset } from '../bitset.ts'
import { OmenError } from '../errors.ts'
import { FlatIndex } from '../flat.ts'
import type { Shape, Vectors } from '../metric.ts'
import type {
  AddOptions,
  IndexStats,
  SearchManyOptions,
  SearchManyResult,
  SearchOptions,
  SearchResult,
  VectorIndex,
} from '../vector-index.ts'
import type { IndexSubject } from './index.ts'
import { vectorIndexChecks } from './index.ts'
import { expectCaught, plant } from './plant.ts'

type BadMembers = (good: FlatIndex) => Partial<VectorIndex>

function planted(shape: Shape, bad: BadMembers): VectorIndex {
  const good = new FlatIndex(shape)
  return plant<VectorIndex>(good, bad(good))
}

/** Every form of search, its results or options spoilt in the same way. */
function badSearch(
  spoil: (result: SearchResult, query: Vectors, good: FlatIndex) => SearchResult,
  options: (given: SearchManyOptions, good: FlatIndex) => SearchManyOptions = (given) => given,
): BadMembers {
  return (good) => {
    const searchSync = (query: Vectors, given: SearchOptions): SearchResult =>
      spoil(good.searchSync(query, options(given, good)), query, good)
    const search = async (query: Vectors, given: SearchOptions): Promise<SearchResult> =>
      spoil(await good.search(query, options(given, good)), query, good)
    return { searchSync, search }
  }
}

const same = (result: SearchResult): SearchResult => result

const without = <Key extends keyof SearchManyOptions>(
  options: SearchManyOptions,
  key: Key,
): SearchManyOptions => {
  const { [key]: _, ...rest } = options
  return rest as SearchManyOptions
}

const badMany =
  (spoil: (result: SearchManyResult, options: SearchManyOptions) => SearchManyResult): BadMembers =>
  (good) => ({
    searchMany: async (queries, options) => spoil(await good.searchMany(queries, options), options),
  })

/** A search that goes by tombstones kept beside an index that never forgets. */
const tombstones: BadMembers = (good) => {
  const dead = new Set<number>()
  return {
    ...badSearch(same, (given) => {
      const alive = Bitset.full(good.stats().rows)
      for (const row of dead) alive.clear(row)
      return { ...given, accept: given.accept ? alive.and(given.accept) : alive }
    })(good),
    remove: async (rows) => {
      const before = dead.size
      for (const row of rows) dead.add(row)
      return dead.size - before
    },
    has: (row) => good.has(row) && !dead.has(row),
    get size() {
      return good.size - dead.size
    },
    stats: (): IndexStats => ({ ...good.stats(), rows: good.size - dead.size, removed: dead.size }),
  }
}

const NEAREST = 'finds the nearest rows among clusters, duplicates, outliers and integers'
const ACCEPT = 'returns rows that accept allows, k of them whenever k match'
const FORMS = 'gives the same by search, searchSync and searchMany, one at a time or all at once'
const REMOVED = 'never returns removed rows, and finds all others'
const CLOSED = 'ends every call after close with closed, and those before in one way or another'
const ABORT = 'heeds an abort signal before and while it adds, and then holds nothing of the batch'
const PROGRESS = 'reports progress that only rises, up to the end'
const BAD_VECTORS = 'refuses bad vectors with their error code, and holds none of their batch'

/** Bugs, each with the check that must catch it. */
const BUGS: readonly (readonly [bug: string, check: string, bad: BadMembers])[] = [
  [
    'results in the wrong order',
    NEAREST,
    badSearch(({ rows, distances }) => ({
      rows: rows.slice().reverse(),
      distances: distances.slice().reverse(),
    })),
  ],
  [
    'distances in order, rows not',
    NEAREST,
    badSearch(({ rows, distances }) => ({ rows: rows.slice().reverse(), distances })),
  ],
  [
    'one result too few',
    NEAREST,
    badSearch(({ rows, distances }) => ({ rows: rows.slice(1), distances: distances.slice(1) })),
  ],
  [
    'a row twice',
    NEAREST,
    badSearch(({ rows, distances }) => ({ rows: rows.map((row, i) => rows[i - (i % 2)] ?? row), distances })),
  ],
  [
    'distances that are not squared',
    NEAREST,
    badSearch(({ rows, distances }) => ({ rows, distances: distances.map((d) => Math.sqrt(d)) })),
  ],
  [
    'the last row is never looked at',
    'returns every row when k is above their number',
    badSearch(same, (given, good) => ({
      ...given,
      accept: Bitset.full(good.stats().rows - 1),
    })),
  ],
  [
    'ties in order of age',
    'returns the first of many equal rows, in order of rows',
    badSearch(({ rows, distances }) =>
      new Set(distances).size === 1 ? { rows: rows.slice().reverse(), distances } : { rows, distances },
    ),
  ],
  ['accept ignored', ACCEPT, badSearch(same, (given) => without(given, 'accept'))],
  [
    'accept applied after the search',
    'returns the nearest of accepted rows that are all far away',
    (good) => ({
      search: async (query, given) => {
        const { rows, distances } = await good.search(query, without(given, 'accept'))
        const kept = [...rows.keys()].filter((i) => given.accept?.has(rows[i] as number) ?? true)
        return {
          rows: Uint32Array.from(kept, (i) => rows[i] as number),
          distances: Float32Array.from(kept, (i) => distances[i] as number),
        }
      },
    }),
  ],
  [
    'rows beyond accept accepted',
    'does not accept rows beyond the length of accept',
    badSearch(same, (given, good) => {
      const longer = given.accept?.clone() ?? new Bitset()
      longer.or(Bitset.full(good.stats().rows).andNot(Bitset.full(longer.length)))
      return { ...given, accept: longer }
    }),
  ],
  [
    'radius ignored',
    'returns the rows within a radius, at most k',
    badSearch(same, (given) => without(given, 'radius')),
  ],
  [
    'k above the size refused',
    'returns every row when k is above their number',
    badSearch(same, (given, good) => ({ ...given, k: given.k > good.size ? 0 : given.k })),
  ],
  [
    'k ignored by searchSync',
    FORMS,
    (good) => ({ searchSync: (query, given) => good.searchSync(query, { ...given, k: 5 }) }),
  ],
  [
    'results of searchMany one query off',
    FORMS,
    badMany(({ rows, distances, counts }, { k }) => ({
      rows: Uint32Array.of(...rows.subarray(k), ...rows.subarray(0, k)),
      distances,
      counts,
    })),
  ],
  [
    'missing results of searchMany left zero',
    FORMS,
    badMany(({ rows, ...rest }) => ({ rows: rows.map((row) => (row === 0xffffffff ? 0 : row)), ...rest })),
  ],
  [
    'an error on searching while empty',
    'answers when it is empty',
    badSearch((result, _, good) => {
      if (good.size === 0) throw new OmenError('unknown_row', 'there is none')
      return result
    }),
  ],
  ['removal that does nothing', REMOVED, () => ({ remove: async (rows) => rows.length })],
  [
    'removal counted twice',
    REMOVED,
    (good) => ({
      remove: async (rows) => {
        await good.remove(rows)
        return rows.length
      },
    }),
  ],
  [
    'a size that forgets removals',
    REMOVED,
    (good) => {
      let added = 0
      return {
        add: async (vectors) => {
          const rows = await good.add(vectors)
          added += rows.length
          return rows
        },
        get size() {
          return added
        },
      }
    },
  ],
  ['tombstones that are never cleared away', 'uses the rows of removed vectors again', tombstones],
  [
    'a row number one off',
    NEAREST,
    (good) => ({ add: async (vectors) => (await good.add(vectors)).map((row) => row + 1) }),
  ],
  [
    'a failing batch that is added up to its bad vector',
    BAD_VECTORS,
    (good) => ({
      add: async (vectors, options) => {
        try {
          return await good.add(vectors, options)
        } catch (error) {
          await good.add(vectors.subarray(0, good.shape.dimension))
          throw error
        }
      },
    }),
  ],
  [
    'bad vectors dropped in silence',
    BAD_VECTORS,
    (good) => ({
      add: (vectors, options) => good.add(vectors, options).catch(() => new Uint32Array(0)),
    }),
  ],
  [
    'vectors normalised where they lie',
    'leaves vectors and queries as they are, even those in a Buffer',
    (good) => ({
      add: async (vectors) => {
        const rows = await good.add(vectors)
        vectors[0] = (vectors[0] as number) / 2
        return rows
      },
    }),
  ],
  [
    'vectors kept instead of copied',
    'does not depend on vectors once they are added',
    (good) => {
      let kept: Vectors | undefined
      return {
        add: async (vectors) => {
          kept = vectors
          return good.add(vectors)
        },
        search: async (query, given) => {
          const late = new FlatIndex(good.shape)
          await late.add(kept ?? query)
          return late.search(query, given)
        },
      }
    },
  ],
  [
    'unknown options taken',
    'refuses bad search options',
    badSearch(same, ({ k, beam = 1 }) => ({ k, beam })),
  ],
  [
    'bad queries answered with nothing',
    'refuses bad queries with their error code',
    (good) => ({
      search: (query, given) =>
        good.search(query, given).catch(() => ({ rows: new Uint32Array(0), distances: new Float32Array(0) })),
    }),
  ],
  [
    'rows removed before an unknown one is noticed',
    'refuses to remove rows that were never given out, and then removes none',
    (good) => ({
      remove: async (rows) => {
        let removed = 0
        for (const row of rows) removed += await good.remove([row])
        return removed
      },
    }),
  ],
  [
    'an abort unheard',
    ABORT,
    (good) => ({
      add: (vectors: Vectors, { signal: _, ...options }: AddOptions = {}) => good.add(vectors, options),
    }),
  ],
  [
    'an abort heard too late',
    ABORT,
    (good) => ({
      add: async (vectors: Vectors, { signal, ...options }: AddOptions = {}) => {
        const rows = await good.add(vectors, options)
        if (signal?.aborted) throw new OmenError('aborted', 'too late')
        return rows
      },
    }),
  ],
  [
    'progress that starts over',
    PROGRESS,
    (good) => ({
      add: async (vectors: Vectors, options: AddOptions = {}) => {
        options.onProgress?.({ done: 9, total: 1000 })
        options.onProgress?.({ done: 3, total: 1000 })
        return good.add(vectors, options)
      },
    }),
  ],
  [
    'progress that stops short',
    PROGRESS,
    (good) => ({
      add: (vectors: Vectors, { onProgress: _, ...options }: AddOptions = {}) => good.add(vectors, options),
    }),
  ],
  [
    'bytes counted twice',
    'accounts for its bytes, each in one part',
    (good) => ({
      stats: () => {
        const stats = good.stats()
        return { ...stats, bytes: { ...stats.bytes, graph: 5 } }
      },
    }),
  ],
  [
    'a section shorter than it says',
    'describes its sections to the byte',
    (good) => ({
      sections: () => good.sections().map((section) => ({ ...section, sizeBytes: section.sizeBytes + 1 })),
    }),
  ],
  [
    'searches after close',
    CLOSED,
    (good) => ({
      close: () => undefined,
      search: (query, given) => good.search(query, given),
    }),
  ],
  [
    'changes that overtake each other',
    'makes changes in the order of the calls, awaited or not',
    (good) => ({
      add: async (vectors) => {
        await new Promise((resolve) => setTimeout(resolve, 2))
        return good.add(vectors)
      },
    }),
  ],
  [
    'rows found before their codes are written',
    'searches while it grows and shrinks, and sees whole rows only',
    badSearch(({ rows, distances }) => ({
      rows,
      distances: distances.map((distance, i) => (i === 1 ? distance + 0.01 : distance)).sort(),
    })),
  ],
]

describe('the suite of vector indexes catches', () => {
  test.each(BUGS)('%s', async (_, name, bad) => {
    const good: IndexSubject = { create: (shape) => new FlatIndex(shape), recall: 1, rows: 150 }
    await expectCaught(vectorIndexChecks, name, good, { ...good, create: (shape) => planted(shape, bad) })
  })

  test.each([
    ['a removed row that comes back', (good: FlatIndex) => good, true],
    ['an index that comes back empty', (good: FlatIndex) => new FlatIndex(good.shape), false],
  ])('after reopening, %s', async (_, spoil, revive) => {
    const check = vectorIndexChecks.find((each) => each.name === 'is the same after being saved and opened')
    const reopen = async (index: VectorIndex): Promise<VectorIndex> => {
      const opened = spoil(index as FlatIndex)
      if (revive) await opened.add(new Float32Array(opened.shape.dimension).fill(0.5))
      return opened
    }
    const subject: IndexSubject = {
      create: (shape) => new FlatIndex(shape),
      reopen,
      recall: 1,
      rows: 150,
      metrics: ['l2'],
    }
    await expect(check?.run(subject)).rejects.toThrow('after reopening')
  })

  test('a recall below what is promised', async () => {
    const check = vectorIndexChecks.find((each) => each.name === NEAREST)
    const every = badSearch(same, (given, good) => {
      const accept = Bitset.full(good.stats().rows)
      for (let row = 0; row < accept.length; row += 4) accept.clear(row)
      return { ...given, accept }
    })
    const subject: IndexSubject = { create: (shape) => planted(shape, every), recall: 0.9, rows: 300 }
    await expect(check?.run(subject)).rejects.toThrow('recall')
    await check?.run({ ...subject, recall: 0.5 })
  })
})
