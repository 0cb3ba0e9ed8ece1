import { Bitset } from '../bitset.ts'
import { NO_ROW } from '../slab.ts'
import type { SearchManyOptions, VectorIndex } from '../vector-index.ts'
import { type Check, ensure, ensureEqual } from './check.ts'
import { clusters, type DataSet, type Neighbor, vectorAt } from './data.ts'
import {
  dataSetsFor,
  filled,
  type IndexModel,
  type IndexSubject,
  metricsOf,
  Recall,
  searchOptions,
  smallData,
  verify,
} from './index-subject.ts'

/** What a search must find. */
export const indexSearchChecks: readonly Check<IndexSubject>[] = [
  {
    name: 'finds the nearest rows among clusters, duplicates, outliers and integers',
    run: (subject) => searchAll(subject, () => ({ k: 10 })),
  },
  {
    name: 'finds one row, and a hundred',
    async run(subject) {
      await searchAll(subject, () => ({ k: 1 }))
      await searchAll(subject, () => ({ k: 100 }))
    },
  },
  {
    name: 'returns a stored vector first when searched for it',
    async run(subject) {
      for (const data of dataSetsFor(subject).filter(({ shape }) => shape.metric !== 'dot')) {
        const { index, model } = await filled(subject, data)
        let first = 0
        const rows = [...model.rows.keys()]
        for (const row of rows) {
          const vector = model.rows.get(row) ?? data.queries
          const { rows: found, distances } = await index.search(vector, searchOptions(subject, { k: 3 }))
          const best = model.rows.get(found[0] ?? NO_ROW)
          const near = model.distanceFits(subject, vector, vector, distances[0] ?? Infinity)
          if (best && near && same(best, vector)) first++
        }
        const share = first / rows.length
        ensure(share >= subject.recall, `${data.name}: only ${share} of the rows come first for themselves`)
        index.close()
      }
    },
  },
  {
    name: 'returns rows that accept allows, k of them whenever k match',
    async run(subject) {
      await searchAll(subject, ({ model }) => ({ k: 10, accept: full(model) }))
      await searchAll(subject, ({ model }) => ({ k: 10, accept: full(model).not() }))
      await searchAll(subject, ({ model }) => ({ k: 10, accept: some(model, 2) }))
      await searchAll(subject, ({ model }) => ({ k: 10, accept: some(model, 37) }))
      await searchAll(subject, ({ model }) => ({ k: 10, accept: some(model, 300) }))
    },
  },
  {
    name: 'returns the nearest of accepted rows that are all far away',
    run: (subject) =>
      searchAll(subject, ({ model, query }) => {
        const far = model.nearest(query).slice(Math.floor(model.rows.size * 0.9))
        return { k: 10, accept: Bitset.fromRows(far.map(({ row }) => row)) }
      }),
  },
  {
    name: 'does not accept rows beyond the length of accept',
    run: (subject) => searchAll(subject, () => ({ k: 10, accept: Bitset.full(100) })),
  },
  {
    name: 'returns the rows within a radius, at most k',
    async run(subject) {
      const radiusAt = (place: number) => (given: Given) => ({
        k: 200,
        radius: beyond(given.model.nearest(given.query), place),
      })
      await searchAll(subject, radiusAt(0))
      await searchAll(subject, radiusAt(25))
      await searchAll(subject, (given) => ({ ...radiusAt(25)(given), k: 5 }))
      await searchAll(subject, () => ({ k: 10, radius: Infinity }))
      await searchAll(subject, () => ({ k: 10, radius: -Infinity }))
    },
  },
  {
    name: 'returns every row when k is above their number',
    async run(subject) {
      for (const metric of metricsOf(subject)) {
        const data = clusters(metric, 60, 24, 400)
        const { index, model } = await filled(subject, data)
        for (const k of [60, 61, 1000, 2 ** 32 - 1]) {
          const result = await index.search(data.queries.subarray(0, data.queries.length / 40), { k })
          ensureEqual(
            [...result.rows].sort(byNumber),
            [...model.rows.keys()].sort(byNumber),
            `rows for k = ${k}`,
          )
        }
        index.close()
      }
    },
  },
  {
    name: 'returns the first of many equal rows, in order of rows',
    async run(subject) {
      const { shape, queries } = smallData(subject)
      const one = vectorAt(queries, shape, 0)
      const index = await subject.create(shape)
      const rows: number[] = []
      for (let i = 0; i < 30; i++) rows.push(...(await index.add(one)))
      const { rows: found } = await index.search(one, searchOptions(subject, { k: 30 }))
      ensureEqual(found, rows.sort(byNumber), 'rows of equal vectors')
      index.close()
    },
  },
  {
    name: 'gives the same by search, searchSync and searchMany, one at a time or all at once',
    async run(subject) {
      for (const data of dataSetsFor(subject)) {
        const { index, model } = await filled(subject, data)
        for (const options of [{ k: 10 }, { k: 7, accept: some(model, 3) }, { k: 2000, threads: 2 }]) {
          await compareForms(index, data, searchOptions(subject, options))
        }
        index.close()
      }
    },
  },
  {
    name: 'answers when it is empty',
    async run(subject) {
      const { shape, queries, queryCount } = smallData(subject)
      const index = await subject.create(shape)
      const query = vectorAt(queries, shape, 0)
      ensureEqual(index.size, 0, 'size')
      ensureEqual((await index.search(query, { k: 10 })).rows, [], 'rows')
      ensureEqual(index.searchSync(query, { k: 10 }).distances, [], 'distances')
      const { rows, counts } = await index.searchMany(queries, { k: 2 })
      ensureEqual(counts, new Uint32Array(queryCount), 'counts')
      ensureEqual(rows, new Uint32Array(queryCount * 2).fill(NO_ROW), 'rows of searchMany')
      ensureEqual(
        (await index.searchMany(queries.subarray(0, 0), { k: 2 })).counts,
        [],
        'counts of no queries',
      )
      ensureEqual(await index.add(queries.subarray(0, 0)), [], 'rows of no vectors')
      ensureEqual(index.has(0), false, 'has(0)')
      ensureEqual(index.stats().rows, 0, 'rows in stats')
      index.close()
    },
  },
  {
    name: 'works in dimensions 1, 3, 17, 65 and 130',
    async run(subject) {
      for (const metric of metricsOf(subject)) {
        for (const dimension of [1, 3, 17, 65, 130]) {
          const data = clusters(
            metric,
            150,
            metric === 'hamming' ? dimension * 8 : dimension,
            500 + dimension,
          )
          const { index, model } = await filled(subject, data)
          const recall = new Recall()
          for (let i = 0; i < 10; i++) {
            const query = vectorAt(data.queries, data.shape, i)
            const options = searchOptions(subject, { k: 5 })
            verify(subject, model, query, await index.search(query, options), options, recall)
          }
          recall.ensure(subject, `${metric} of dimension ${dimension}`)
          index.close()
        }
      }
    },
  },
]

interface Given {
  readonly model: IndexModel
  readonly query: Float32Array | Uint8Array
}

/** Searches for all queries of all data sets, with options that may depend on the query, and checks every result. */
async function searchAll(
  subject: IndexSubject,
  optionsFor: (given: Given) => SearchManyOptions,
): Promise<void> {
  for (const data of dataSetsFor(subject)) {
    const { index, model } = await filled(subject, data)
    const recall = new Recall()
    for (let i = 0; i < data.queryCount; i++) {
      const query = vectorAt(data.queries, data.shape, i)
      const options = searchOptions(subject, optionsFor({ model, query }))
      verify(subject, model, query, await index.search(query, options), options, recall)
    }
    recall.ensure(subject, `${data.name} by ${data.shape.metric}`)
    index.close()
  }
}

async function compareForms(index: VectorIndex, data: DataSet, options: SearchManyOptions): Promise<void> {
  const { threads: _, ...single } = options
  const many = await index.searchMany(data.queries, options)
  const queries = Array.from({ length: data.queryCount }, (_, i) => vectorAt(data.queries, data.shape, i))
  const atOnce = await Promise.all(queries.map((query) => index.search(query, single)))
  for (const [i, query] of queries.entries()) {
    const one = await index.search(query, single)
    ensureEqual(atOnce[i], one, `search ${i} beside others`)
    ensureEqual(index.searchSync(query, single), one, `searchSync ${i}`)
    const [start, end] = [i * options.k, (i + 1) * options.k]
    const count = many.counts[i] as number
    const what = `search ${i} of searchMany by ${data.shape.metric}`
    ensureEqual(many.rows.subarray(start, start + count), one.rows, `${what}: rows`)
    ensureEqual(many.distances.subarray(start, start + count), one.distances, `${what}: distances`)
    ensure(
      many.rows.subarray(start + count, end).every((row) => row === NO_ROW),
      `${what}: places without result are not NO_ROW`,
    )
  }
  ensureEqual(many.rows.length, data.queryCount * options.k, 'places of searchMany')
  ensureEqual(many.distances.length, data.queryCount * options.k, 'distances of searchMany')
}

const byNumber = (a: number, b: number): number => a - b

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((x, i) => x === b[i])

/** A radius that takes in the neighbour at this place and those as near, halfway to the next: no rounding can decide it. */
function beyond(neighbors: readonly Neighbor[], place: number): number {
  const near = neighbors[place]?.distance ?? 0
  const next = neighbors.find(({ distance }) => distance > near + 1e-6 * Math.max(1, Math.abs(near)))
  return next ? (near + next.distance) / 2 : Infinity
}

/** All rows of the model. */
const full = (model: IndexModel): Bitset => Bitset.fromRows(model.rows.keys())

/** Every n-th row. */
const some = (model: IndexModel, n: number): Bitset =>
  Bitset.fromRows([...model.rows.keys()].filter((row) => row % n === 0))
