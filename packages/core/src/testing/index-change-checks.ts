import type { Vectors } from '../metric.ts'
import { takeTurn } from '../turn.ts'
import type { VectorIndex } from '../vector-index.ts'
import { type Check, ensure, ensureEqual, ensureFails, ensureThrows } from './check.ts'
import { clusters, type DataSet, vectorAt } from './data.ts'
import {
  dataSetsFor,
  filled,
  IndexModel,
  type IndexSubject,
  metricsOf,
  Recall,
  searchOptions,
  smallData,
  verify,
} from './index-subject.ts'

/** What changes must do, alone and beside searches. */
export const indexChangeChecks: readonly Check<IndexSubject>[] = [
  {
    name: 'never returns removed rows, and finds all others',
    async run(subject) {
      for (const data of dataSetsFor(subject)) {
        const { index, model } = await filled(subject, data)
        const removed = [...model.rows.keys()].filter((row) => row % 3 !== 1)
        ensureEqual(await index.remove(removed), removed.length, 'rows removed')
        model.remove(removed)
        await searchEverything(subject, index, model, data, 'after removing two rows of three')
        ensureEqual(await index.remove(Uint32Array.from(removed)), 0, 'rows removed a second time')
        ensure(!index.has(removed[0] as number), 'a removed row is still there')
        index.close()
      }
    },
  },
  {
    name: 'removes what a query finds, and finds the next',
    async run(subject) {
      const data = smallData(subject)
      const { index, model } = await filled(subject, data)
      const query = vectorAt(data.queries, data.shape, 0)
      for (let i = 0; i < 15; i++) {
        const { rows } = await index.search(query, searchOptions(subject, { k: 10 }))
        await index.remove(rows)
        model.remove(rows)
        await searchEverything(subject, index, model, data, `after removing the nearest ${i + 1} times`)
      }
      index.close()
    },
  },
  {
    name: 'takes vectors again after removing some, and after removing all',
    async run(subject) {
      for (const metric of metricsOf(subject)) {
        const data = clusters(metric, 300, 24, 600)
        const other = clusters(metric, 200, 24, 601)
        const { index, model } = await filled(subject, data)
        const half = [...model.rows.keys()].filter((row) => row % 2 === 0)
        await index.remove(half)
        model.remove(half)
        model.add(await index.add(other.vectors), other.vectors)
        await searchEverything(subject, index, model, data, 'after removing half and adding others')
        const all = [...model.rows.keys()]
        ensureEqual(await index.remove(all), all.length, 'rows removed')
        model.remove(all)
        ensureEqual(index.size, 0, 'size after removing all')
        await searchEverything(subject, index, model, data, 'after removing all')
        model.add(await index.add(data.vectors), data.vectors)
        await searchEverything(subject, index, model, other, 'after adding again')
        index.close()
      }
    },
  },
  {
    name: 'uses the rows of removed vectors again',
    async run(subject) {
      const data = smallData(subject)
      const { index, model } = await filled(subject, data)
      const highest = Math.max(...model.rows.keys())
      for (let i = 0; i < 5; i++) {
        const rows = [...model.rows.keys()]
        await index.remove(rows)
        model.remove(rows)
        model.add(await index.add(data.vectors), data.vectors)
      }
      const now = Math.max(...model.rows.keys())
      ensure(
        now < highest + data.count,
        `rows go up to ${now}: those of removed vectors are never used again`,
      )
      index.close()
    },
  },
  {
    name: 'grows a vector at a time as in one batch',
    async run(subject) {
      const data = smallData(subject, 300)
      const index = await subject.create(data.shape)
      const { index: batch, model } = await filled(subject, data)
      for (let i = 0; i < data.count; i++) await index.add(vectorAt(data.vectors, data.shape, i))
      ensureEqual(index.size, data.count, 'size')
      await searchEverything(subject, index, model, data, 'one at a time')
      await searchEverything(subject, batch, model, data, 'in one batch')
      index.close()
      batch.close()
    },
  },
  {
    name: 'makes changes in the order of the calls, awaited or not',
    async run(subject) {
      const data = smallData(subject)
      const index = await subject.create(data.shape)
      const one = vectorAt(data.vectors, data.shape, 0)
      const [first, early, second, late] = await Promise.all([
        index.add(data.vectors),
        index.remove([0, 1, 2]),
        index.add(one),
        index.remove(Array.from({ length: data.count }, (_, row) => row)),
      ])
      ensureEqual(first.length, data.count, 'rows of the first add')
      ensureEqual(early, 3, 'rows of the first remove')
      const reused = second[0] as number
      ensureEqual(late, data.count - 3 + (reused < data.count ? 1 : 0), 'rows of the second remove')
      ensureEqual(index.size, reused < data.count ? 0 : 1, 'size')
      index.close()
    },
  },
  {
    name: 'searches while it grows and shrinks, and sees whole rows only',
    async run(subject) {
      for (const data of dataSetsFor(subject)) await searchBesideChanges(subject, data)
    },
  },
  {
    name: 'ends every call after close with closed, and those before in one way or another',
    async run(subject) {
      const data = smallData(subject)
      const { index } = await filled(subject, data)
      const query = vectorAt(data.queries, data.shape, 0)
      const pending: Promise<unknown>[] = [
        index.add(data.vectors),
        index.remove([1]),
        index.search(query, { k: 10 }),
        index.searchMany(data.queries, { k: 10 }),
      ]
      index.close()
      index.close()
      for (const result of await Promise.allSettled(pending)) {
        if (result.status === 'rejected')
          await ensureFails(() => Promise.reject(result.reason), 'closed', 'a pending call')
      }
      await ensureFails(() => index.add(data.vectors), 'closed', 'add')
      await ensureFails(() => index.remove([0]), 'closed', 'remove')
      await ensureFails(() => index.search(query, { k: 10 }), 'closed', 'search')
      await ensureFails(() => index.searchMany(data.queries, { k: 10 }), 'closed', 'searchMany')
      ensureThrows(() => index.searchSync(query, { k: 10 }), 'closed', 'searchSync')
      ensureThrows(() => index.has(0), 'closed', 'has')
      ensureThrows(() => index.stats(), 'closed', 'stats')
      ensureThrows(() => index.sections(), 'closed', 'sections')
    },
  },
  {
    name: 'is the same after being saved and opened',
    async run(subject) {
      for (const data of [...dataSetsFor(subject), smallData(subject, 0)])
        await compareReopened(subject, data)
    },
  },
]

/** Searches for all queries and a sample of the rows, and compares with the model. */
async function searchEverything(
  subject: IndexSubject,
  index: VectorIndex,
  model: IndexModel,
  data: DataSet,
  when: string,
): Promise<void> {
  ensureEqual(index.size, model.rows.size, `size ${when}`)
  ensureEqual(index.stats().rows, model.rows.size, `rows in stats ${when}`)
  const rows = [...model.rows.keys()]
  ensure(
    rows.every((row) => index.has(row)),
    `a row is missing ${when}`,
  )
  const sample = rows.filter((_, i) => i % 29 === 0).map((row) => model.rows.get(row) as Vectors)
  const queries = Array.from({ length: data.queryCount }, (_, i) => vectorAt(data.queries, data.shape, i))
  const recall = new Recall()
  for (const query of [...queries, ...sample]) {
    const options = searchOptions(subject, { k: 10 })
    verify(subject, model, query, await index.search(query, options), options, recall)
  }
  recall.ensure(subject, `${data.name} by ${data.shape.metric} ${when}`)
}

async function searchBesideChanges(subject: IndexSubject, data: DataSet): Promise<void> {
  const index = await subject.create(data.shape)
  const history = new RowHistory(data)
  const query = vectorAt(data.queries, data.shape, 1)
  const piece = Math.ceil(data.count / 12)
  let changing = true
  const change = async (): Promise<void> => {
    let before: Uint32Array | undefined
    for (let start = 0; start < data.count; start += piece) {
      const end = Math.min(start + piece, data.count)
      const elements = data.vectors.length / data.count
      const vectors = data.vectors.subarray(start * elements, end * elements)
      const rows = await index.add(vectors)
      history.note(rows, vectors)
      // Searches get a turn even beside an index that changes without giving up the event loop.
      await takeTurn()
      if (before) await index.remove(before.subarray(0, before.length / 2))
      before = rows
      await takeTurn()
    }
    changing = false
  }
  const results: Awaited<ReturnType<VectorIndex['search']>>[] = []
  const search = async (): Promise<void> => {
    while (changing) {
      results.push(await index.search(query, searchOptions(subject, { k: 10 })))
      await takeTurn()
    }
  }
  await Promise.all([change(), search(), search()])
  ensure(
    results.some(({ rows }) => rows.length === 10),
    'no search ran beside the changes',
  )
  // Only now, since a row can be found before the promise of `add` tells its number.
  for (const result of results) history.verify(subject, query, result)
  index.close()
}

/** The vectors that each row has ever had. */
class RowHistory {
  readonly #model: IndexModel
  readonly #vectors: Map<number, Vectors[]> = new Map()

  constructor(data: DataSet) {
    this.#model = new IndexModel(data.shape)
  }

  note(rows: Uint32Array, vectors: Vectors): void {
    for (const [i, row] of rows.entries()) {
      const vector = vectorAt(vectors, this.#model.shape, i)
      this.#model.note(row, vector)
      this.#vectors.set(row, [...(this.#vectors.get(row) ?? []), vector])
    }
  }

  /** Checks that every row came with the distance of a vector that it had at some time. */
  verify(
    subject: IndexSubject,
    query: Vectors,
    { rows, distances }: { rows: Uint32Array; distances: Float32Array },
  ): void {
    ensure(new Set(rows).size === rows.length, `a row is returned twice: ${rows.join(' ')}`)
    ensure(
      distances.every((distance, i) => i === 0 || distance >= (distances[i - 1] as number)),
      `distances are not sorted: ${distances.join(' ')}`,
    )
    for (const [i, row] of rows.entries()) {
      const got = distances[i] as number
      const had = this.#vectors.get(row) ?? []
      const fits = had.some((vector) => this.#model.distanceFits(subject, query, vector, got))
      ensure(fits, `row ${row} came with distance ${got}, which no vector has that it ever had`)
    }
  }
}

async function compareReopened(subject: IndexSubject, data: DataSet): Promise<void> {
  if (!subject.reopen) return
  const { index, model } = await filled(subject, data)
  const removed = [...model.rows.keys()].filter((row) => row % 5 === 0)
  await index.remove(removed)
  model.remove(removed)
  const opened = await subject.reopen(index)
  ensureEqual(opened.shape, index.shape, 'shape')
  await searchEverything(subject, opened, model, data, 'after reopening')
  for (let i = 0; i < data.queryCount; i++) {
    const query = vectorAt(data.queries, data.shape, i)
    const options = searchOptions(subject, { k: 10 })
    ensureEqual(
      opened.searchSync(query, options),
      index.searchSync(query, options),
      `search ${i} after reopening`,
    )
  }
  ensureEqual(await opened.remove(removed), 0, 'rows removed again after reopening')
  const more = clusters(data.shape.metric, 100, data.shape.dimension, 700)
  model.add(await opened.add(more.vectors), more.vectors)
  await searchEverything(subject, opened, model, data, 'after reopening and adding')
  index.close()
  ensureEqual(opened.size, model.rows.size, 'size after the first index was closed')
  opened.close()
}
