import { Codes, none } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { Graph } from './graph.ts'
import { Pool } from './pool.ts'
import { NeighbourSelector } from './select-neighbours.ts'

/** Chooses neighbours for the first of some points in the plane; `kept` of the others are kept in any case. */
function choose(
  points: readonly (readonly [number, number])[],
  limit: number,
  kept: readonly number[] = [],
): number[] {
  const codes = new Codes(none().open(new Float32Array(0), { dimension: 2, metric: 'l2' }))
  codes.slab.ensure(points.length)
  for (const [row, point] of points.entries())
    codes.codec.encode(Float32Array.from(point), codes.slab.row(row))
  const scorer = codes.scorer()
  const rows = Uint32Array.from(points.keys())
  const distances = new Float32Array(rows.length)
  scorer.bindRow(0)
  scorer.score(rows, rows.length, distances)
  const selector = new NeighbourSelector(new Graph(16), codes.scorer())
  const pool = new Pool()
  pool.reset(points.length)
  for (const row of rows.slice(1)) {
    if (kept.includes(row)) selector.keep(distances[row]!, row)
    else pool.insert(distances[row]!, row)
  }
  selector.select(pool, limit)
  return [...selector.chosen.subarray(0, selector.count)]
}

describe('selectNeighbours', () => {
  test('takes one of a group, and one in every direction', () => {
    expect(
      choose(
        [
          [0, 0],
          [10, 0],
          [11, 0],
          [10, 1],
          [0, 12],
          [-13, 0],
          [0, -14],
        ],
        8,
      ),
    ).toEqual([1, 4, 5, 6])
  })

  test('stops at the limit', () => {
    expect(
      choose(
        [
          [0, 0],
          [10, 0],
          [0, 12],
          [-13, 0],
        ],
        2,
      ),
    ).toEqual([1, 2])
  })

  test('keeps what it must, and measures others by it', () => {
    expect(
      choose(
        [
          [0, 0],
          [9, 0],
          [20, 0],
          [0, 12],
        ],
        8,
        [2],
      ),
    ).toEqual([2, 1, 3])
    expect(
      choose(
        [
          [0, 0],
          [10, 0],
          [11, 0],
        ],
        8,
        [1],
      ),
    ).toEqual([1])
  })

  test('takes one duplicate of the row, which keeps out other duplicates and nothing else', () => {
    expect(
      choose(
        [
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
          [10, 0],
          [10, 0],
          [0, 12],
        ],
        8,
      ),
    ).toEqual([1, 4, 6])
  })

  test('compares with more chosen ones than are scored at a time', () => {
    const circle = Array.from({ length: 6 }, (_, i): [number, number] => [
      100 * Math.cos(i * 1.2),
      100 * Math.sin(i * 1.2),
    ])
    const chosen = choose([[0, 0], ...circle.slice(0, 5), [circle[4]![0] * 1.1, circle[4]![1] * 1.1]], 8)
    expect(chosen.sort()).toEqual([1, 2, 3, 4, 5])
  })
})
