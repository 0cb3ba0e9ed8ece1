import type { OmenErrorCode } from '../errors.ts'
import type { Vectors } from '../metric.ts'
import type { SearchOptions, VectorIndex } from '../vector-index.ts'
import { type Check, ensure, ensureEqual, ensureFails, ensureThrows } from './check.ts'
import { clusters, type DataSet, vectorAt } from './data.ts'
import {
  filled,
  type IndexModel,
  type IndexSubject,
  metricsOf,
  Recall,
  searchOptions,
  smallData,
  verify,
} from './index-subject.ts'

/** What becomes of bad input, aborted calls and everything besides vectors and results. */
export const indexInputChecks: readonly Check<IndexSubject>[] = [
  {
    name: 'refuses bad vectors with their error code, and holds none of their batch',
    async run(subject) {
      for (const metric of metricsOf(subject)) {
        const data = clusters(metric, 200, 24, 800)
        const { index, model } = await filled(subject, data)
        for (const { what, vectors, code } of badVectors(data)) {
          await ensureFails(() => index.add(vectors), code, `adding ${what} by ${metric}`)
          await ensureUnharmed(subject, index, model, data, `adding ${what} by ${metric}`)
        }
        model.add(await index.add(data.queries), data.queries)
        await ensureUnharmed(subject, index, model, data, 'adding good vectors after bad ones')
        index.close()
      }
    },
  },
  {
    name: 'refuses bad vectors while it is still empty, and takes good ones then',
    async run(subject) {
      for (const metric of metricsOf(subject)) {
        const data = clusters(metric, 200, 24, 801)
        const index = await subject.create(data.shape)
        for (const { what, vectors, code } of badVectors(data)) {
          await ensureFails(() => index.add(vectors), code, `adding ${what} by ${metric}`)
          ensureEqual(index.size, 0, `size after adding ${what}`)
        }
        const rows = await index.add(data.vectors)
        ensureEqual(rows.length, data.count, 'rows of good vectors after bad ones')
        ensureEqual(index.size, data.count, 'size')
        index.close()
      }
    },
  },
  {
    name: 'refuses bad queries with their error code',
    async run(subject) {
      for (const metric of metricsOf(subject)) {
        const data = clusters(metric, 200, 24, 802)
        const { index, model } = await filled(subject, data)
        for (const { what, vectors, code } of badQueries(data)) {
          const when = `searching for ${what} by ${metric}`
          await ensureFails(() => index.search(vectors, { k: 3 }), code, when)
          ensureThrows(() => index.searchSync(vectors, { k: 3 }), code, `${when}, at once`)
          await ensureUnharmed(subject, index, model, data, when)
        }
        for (const { what, vectors, code } of badVectors(data)) {
          await ensureFails(() => index.searchMany(vectors, { k: 3 }), code, `searchMany for ${what}`)
        }
        index.close()
      }
    },
  },
  {
    name: 'refuses bad search options',
    async run(subject) {
      const data = smallData(subject)
      const { index, model } = await filled(subject, data)
      const query = vectorAt(data.queries, data.shape, 0)
      for (const options of BAD_OPTIONS) {
        const bad = options as unknown as SearchOptions
        const what = `options ${JSON.stringify(options) ?? 'undefined'}`
        await ensureFails(() => index.search(query, bad), 'invalid_argument', `search with ${what}`)
        await ensureFails(() => index.searchMany(query, bad), 'invalid_argument', `searchMany with ${what}`)
        ensureThrows(() => index.searchSync(query, bad), 'invalid_argument', `searchSync with ${what}`)
      }
      await ensureUnharmed(subject, index, model, data, 'bad options')
      index.close()
    },
  },
  {
    name: 'refuses to remove rows that were never given out, and then removes none',
    async run(subject) {
      const data = smallData(subject)
      const { index, model } = await filled(subject, data)
      for (const row of [data.count + 100_000, -1, 0.5, Number.NaN, 2 ** 32 - 1]) {
        await ensureFails(() => index.remove([0, 1, row]), 'unknown_row', `removing row ${row}`)
        ensure(!index.has(row), `has(${row})`)
        await ensureUnharmed(subject, index, model, data, `removing row ${row}`)
      }
      ensureEqual(await index.remove([]), 0, 'removing no rows')
      ensureEqual(await index.remove([5, 5, 5]), 1, 'removing one row three times')
      index.close()
    },
  },
  {
    name: 'leaves vectors and queries as they are, even those in a Buffer',
    async run(subject) {
      for (const metric of metricsOf(subject)) {
        const data = clusters(metric, 200, 24, 803)
        const { index, model } = await filled(subject, data)
        // A Buffer is a Uint8Array whose slice shares memory with it.
        const wrap = (vectors: Vectors): Vectors =>
          vectors instanceof Uint8Array && typeof Buffer !== 'undefined'
            ? Buffer.from(vectors)
            : vectors.slice()
        const [vectors, queries] = [wrap(data.vectors), wrap(data.queries)]
        model.add(await index.add(vectors), data.vectors)
        await index.searchMany(queries, { k: 3 })
        for (let i = 0; i < data.queryCount; i++) {
          const query = vectorAt(queries, data.shape, i)
          const options = searchOptions(subject, { k: 3 })
          verify(subject, model, query, await index.search(query, options), options, new Recall())
          index.searchSync(query, options)
        }
        ensureEqual(vectors, data.vectors, 'vectors after adding them')
        ensureEqual(queries, data.queries, 'queries after searching for them')
        index.close()
      }
    },
  },
  {
    name: 'does not depend on vectors once they are added',
    async run(subject) {
      const data = smallData(subject)
      const index = await subject.create(data.shape)
      const vectors = data.vectors.slice()
      const rows = await index.add(vectors)
      vectors.fill(1)
      const { index: other, model } = await filled(subject, data)
      ensureEqual(rows.length, model.rows.size, 'rows')
      await ensureUnharmed(subject, index, model, data, 'overwriting the vectors added')
      index.close()
      other.close()
    },
  },
  {
    name: 'heeds an abort signal before and while it adds, and then holds nothing of the batch',
    async run(subject) {
      const data = smallData(subject)
      const { index, model } = await filled(subject, data)
      const query = vectorAt(data.queries, data.shape, 0)
      const signal = AbortSignal.abort()
      await ensureFails(() => index.add(data.vectors, { signal }), 'aborted', 'add')
      await ensureFails(() => index.search(query, { k: 3, signal }), 'aborted', 'search')
      await ensureFails(() => index.searchMany(data.queries, { k: 3, signal }), 'aborted', 'searchMany')
      ensureThrows(() => index.searchSync(query, { k: 3, signal }), 'aborted', 'searchSync')
      await ensureUnharmed(subject, index, model, data, 'calls with a signal that had fired')
      const controller = new AbortController()
      const adding = index.add(data.vectors, { signal: controller.signal })
      controller.abort()
      await ensureFails(() => adding, 'aborted', 'add, aborted while it ran')
      await ensureUnharmed(subject, index, model, data, 'an add that was aborted while it ran')
      const unused = new AbortController().signal
      model.add(await index.add(data.queries, { signal: unused }), data.queries)
      await ensureUnharmed(subject, index, model, data, 'an add with a signal that never fired')
      index.close()
    },
  },
  {
    name: 'reports progress that only rises, up to the end',
    async run(subject) {
      const data = smallData(subject, 1000)
      const index = await subject.create(data.shape)
      let last = 0
      await index.add(data.vectors, {
        onProgress: ({ done, total }) => {
          ensureEqual(total, data.count, 'total')
          ensure(done >= last && done <= total, `progress went from ${last} to ${done} of ${total}`)
          last = done
        },
      })
      ensureEqual(last, data.count, 'progress at the end')
      index.close()
    },
  },
  {
    name: 'accounts for its bytes, each in one part',
    async run(subject) {
      const data = smallData(subject, 1000)
      const index = await subject.create(data.shape)
      const before = index.stats()
      await index.add(data.vectors)
      const after = index.stats()
      for (const stats of [before, after]) {
        const { total, ...parts } = stats.bytes
        const sum = Object.values(parts).reduce((bytes, part) => bytes + part, 0)
        ensureEqual(total, sum, 'total bytes, against the sum of the parts')
        ensure(
          Object.values(parts).every((part) => Number.isInteger(part) && part >= 0),
          'a part is no count',
        )
      }
      ensureEqual([after.rows, after.removed], [1000, 0], 'rows and removed')
      ensure(after.bytes.total - before.bytes.total >= 1000, 'a thousand rows take less than a byte each')
      await index.remove([1, 2, 3])
      const { rows, removed } = index.stats()
      ensureEqual(rows, 997, 'rows after removing three')
      ensure(removed <= 3, `${removed} removed rows after removing three`)
      index.close()
    },
  },
  {
    name: 'describes its sections to the byte',
    async run(subject) {
      const { index } = await filled(subject, smallData(subject))
      const sections = index.sections()
      ensure(sections.length > 0, 'there are no sections')
      ensureEqual(new Set(sections.map(({ name }) => name)).size, sections.length, 'names')
      for (const { name, sizeBytes, parts } of sections) {
        let bytes = 0
        for (const part of parts()) bytes += part.byteLength
        ensureEqual(bytes, sizeBytes, `bytes of section ${name}`)
      }
      index.close()
    },
  },
]

interface BadInput {
  readonly what: string
  readonly vectors: Vectors
  readonly code: OmenErrorCode
}

/** Batches that must be refused; the bad vector comes after good ones, so that some are taken up before it is seen. */
function badVectors(data: DataSet): BadInput[] {
  const spoil = (at: number, value: number): Vectors => {
    const vectors = data.vectors.slice()
    vectors[vectors.length - at] = value
    return vectors
  }
  const short = data.vectors.slice(0, -1)
  const { metric } = data.shape
  if (metric === 'hamming') {
    const floats = Float32Array.from(data.vectors)
    return [
      { what: 'floats', vectors: floats, code: 'invalid_argument' },
      { what: 'half a vector', vectors: short, code: 'dimension_mismatch' },
      { what: 'no array', vectors: 'vectors' as unknown as Vectors, code: 'invalid_argument' },
    ]
  }
  const bad: BadInput[] = [
    { what: 'half a vector', vectors: short, code: 'dimension_mismatch' },
    {
      what: 'doubles',
      vectors: Float64Array.from(data.vectors) as unknown as Vectors,
      code: 'invalid_argument',
    },
    { what: 'bytes', vectors: Uint8Array.from(data.vectors), code: 'invalid_argument' },
    { what: 'NaN', vectors: spoil(3, Number.NaN), code: 'not_finite' },
    { what: 'Infinity', vectors: spoil(data.shape.dimension + 1, Infinity), code: 'not_finite' },
    { what: 'too long a vector', vectors: spoil(1, 3e38), code: 'not_finite' },
  ]
  const zero = data.vectors.slice().fill(0, -data.shape.dimension)
  if (metric === 'cosine') bad.push({ what: 'a zero vector', vectors: zero, code: 'zero_vector' })
  return bad
}

/** The last vectors of the bad batches alone, and none or two where one is wanted. */
function badQueries(data: DataSet): BadInput[] {
  const one = vectorAt(data.queries, data.shape, 0)
  const elements = one.length
  const bad = badVectors(data).map(({ what, vectors, code }) => ({
    what,
    // Infinity sits in the last vector but one.
    vectors: what === 'Infinity' ? vectors.slice(-2 * elements, -elements) : vectors.slice(-elements),
    code,
  }))
  return [
    ...bad.filter(({ code }) => code !== 'dimension_mismatch'),
    { what: 'no vector', vectors: one.subarray(0, 0), code: 'dimension_mismatch' },
    { what: 'two vectors', vectors: data.queries.subarray(0, 2 * elements), code: 'dimension_mismatch' },
    { what: 'half a vector', vectors: one.subarray(1), code: 'dimension_mismatch' },
  ]
}

const BAD_OPTIONS: readonly unknown[] = [
  undefined,
  {},
  { k: 0 },
  { k: -1 },
  { k: 1.5 },
  { k: Number.NaN },
  { k: Infinity },
  { k: '3' },
  { k: 3, beam: 0 },
  { k: 3, beam: 2.5 },
  { k: 3, rescore: 0 },
  { k: 3, radius: Number.NaN },
  { k: 3, radius: '1' },
  { k: 3, accept: [1, 2, 3] },
  { k: 3, accept: new Uint32Array(4) },
  { k: 3, signal: {} },
  { k: 3, threads: 0 },
  { k: 3, ef: 64 },
]

/** Checks that the index still holds what it held. */
async function ensureUnharmed(
  subject: IndexSubject,
  index: VectorIndex,
  model: IndexModel,
  data: DataSet,
  after: string,
): Promise<void> {
  ensureEqual(index.size, model.rows.size, `size after ${after}`)
  const recall = new Recall()
  for (let i = 0; i < 5; i++) {
    const query = vectorAt(data.queries, data.shape, i)
    const options = searchOptions(subject, { k: 10 })
    verify(subject, model, query, await index.search(query, options), options, recall)
  }
  recall.ensure(subject, `after ${after}`)
}
