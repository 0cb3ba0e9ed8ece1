import { describe, expect, test } from 'vitest'
import type { Engine, SearchParams } from './engine.ts'
import { MISSING, type Mode, type Pass, timeQueries } from './timing.ts'

/** An engine that finds the query's number and the next ones, and fewer than k of them. */
class Counting implements Engine<number> {
  readonly version = '1'
  readonly asked: string[] = []

  async build(): Promise<void> {}

  prepare(query: Float32Array): number {
    return query[0] ?? 0
  }

  use({ beam }: SearchParams): void {
    this.asked.push(`use ${beam}`)
  }

  search(query: number): number[] {
    this.asked.push('search')
    return [query, query + 1]
  }

  async searchAsync(query: number): Promise<bigint[]> {
    this.asked.push('searchAsync')
    return [BigInt(query), BigInt(query + 1)]
  }

  async searchMany(queries: Float32Array, { k }: SearchParams, threads: number): Promise<Uint32Array> {
    this.asked.push(`searchMany on ${threads}`)
    return Uint32Array.from({ length: queries.length * k }, (_, i) => {
      const place = i % k
      return place < 2 ? (queries[Math.floor(i / k)] ?? 0) + place : MISSING
    })
  }

  close(): void {}
}

const block = Float32Array.of(10, 20, 30)
const pass = (mode: Mode, more: Partial<Pass> = {}): Pass => ({
  mode,
  params: { k: 3, beam: 16 },
  threads: 2,
  count: 2,
  latencies: false,
  ...more,
})

describe.each<Mode>(['sync', 'promise', 'many'])('a pass by %s', (mode) => {
  test('asks the first queries and gathers their rows, whatever their number type', async () => {
    const engine = new Counting()
    const timed = await timeQueries(engine as Engine, [10, 20, 30], block, pass(mode))
    expect([...timed.rows]).toEqual([10, 11, MISSING, 20, 21, MISSING])
    expect(timed.seconds).toBeGreaterThan(0)
    expect(timed.latencies).toHaveLength(0)
    expect(engine.asked[0]).toBe('use 16')
  })
})

test('single queries are timed when that is asked for', async () => {
  for (const mode of ['sync', 'promise'] as const) {
    const timed = await timeQueries(
      new Counting() as Engine,
      [10, 20, 30],
      block,
      pass(mode, { latencies: true, count: 3 }),
    )
    expect(timed.latencies).toHaveLength(3)
    expect(Math.min(...timed.latencies)).toBeGreaterThanOrEqual(0)
    expect(timed.rows).toHaveLength(9)
  }
})
