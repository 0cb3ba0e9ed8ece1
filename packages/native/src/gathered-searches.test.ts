import type { NativeSearch, Refusal, ResultBuffers, Vectors } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { GatheredSearches } from './gathered-searches.ts'

const SEARCH: NativeSearch = {
  ...{ k: 2, beam: 16, rescore: 4, radius: Infinity, accept: undefined, strategy: 'plain' },
  ...{ share: 1, widening: 1, sparseWidening: 1, patience: 100, settles: false, epsilon: Infinity },
}
const THREADS = 2

/** Searches that find the query's first component, and one more; below zero they are refused. */
class Searched {
  /** Queries of each call, by their first components. */
  readonly calls: number[][] = []
  readonly gathered: GatheredSearches = new GatheredSearches((...call) => this.#search(...call), THREADS)
  #end: () => void = () => undefined
  readonly #ended: Promise<void> = new Promise((resolve) => {
    this.#end = resolve
  })

  /** Lets all calls come to their end. */
  end(): void {
    this.#end()
  }

  async find(first: number, search: NativeSearch = SEARCH): Promise<number[] | Refusal> {
    const out = { rows: new Uint32Array(2), distances: new Float32Array(2), counts: new Uint32Array(1) }
    const refusal = await this.gathered.search(Float32Array.of(first, 0), search, out)
    return refusal ?? [...out.rows.subarray(0, out.counts[0])]
  }

  async #search(queries: Vectors, { k }: NativeSearch, out: ResultBuffers): Promise<Refusal | undefined> {
    const firsts = Array.from({ length: queries.length / 2 }, (_, i) => queries[2 * i] as number)
    this.calls.push(firsts)
    await this.#ended
    if (firsts.includes(99)) throw new Error('the pool is gone')
    const index = firsts.findIndex((first) => first < 0)
    if (index >= 0) return { index, code: 'not_finite' }
    for (const [i, first] of firsts.entries()) {
      out.rows.set([first, first + 1], i * k)
      out.counts[i] = 2
    }
    return undefined
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('searches that are gathered', () => {
  test('go at once where none runs', () => {
    const searched = new Searched()
    void searched.find(1)
    expect(searched.calls).toEqual([[1]])
  })

  test('go together at the end of a turn while one runs, divided among the threads', async () => {
    const searched = new Searched()
    const found = [1, 2, 3, 4, 5, 6].map((first) => searched.find(first))
    await turn()
    expect(searched.calls).toEqual([[1], [2, 3, 4], [5, 6]])
    searched.end()
    expect(await Promise.all(found)).toEqual([1, 2, 3, 4, 5, 6].map((first) => [first, first + 1]))
  })

  test('are never more than eight', async () => {
    const searched = new Searched()
    for (let first = 0; first < 40; first++) void searched.find(first)
    await turn()
    expect(searched.calls.map(({ length }) => length)).toEqual([1, 8, 8, 8, 8, 7])
  })

  test('stay apart where they ask for different things', async () => {
    const searched = new Searched()
    void searched.find(1)
    const found = [searched.find(2), searched.find(3, { ...SEARCH, beam: 17 }), searched.find(4)]
    await turn()
    expect(searched.calls).toEqual([[1], [2], [3], [4]])
    searched.end()
    expect(await Promise.all(found)).toEqual([
      [2, 3],
      [3, 4],
      [4, 5],
    ])
  })

  test('are refused alone', async () => {
    const searched = new Searched()
    const found = [1, 2, -3, 4, 5].map((first) => searched.find(first))
    await turn()
    searched.end()
    expect(await Promise.all(found)).toEqual([
      [1, 2],
      [2, 3],
      { index: 0, code: 'not_finite' },
      [4, 5],
      [5, 6],
    ])
  })

  test('fail alone', async () => {
    const searched = new Searched()
    const found = [1, 2, 99, 4].map((first) => searched.find(first))
    await turn()
    searched.end()
    const settled = await Promise.allSettled(found)
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  })
})
