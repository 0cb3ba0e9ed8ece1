import { CHUNK_ROWS, NO_ROW } from '@omen/core'
import { describe, expect, test } from 'vitest'
import { FREE, Graph, ROWS, UPPER_BLOCKS } from './graph.ts'
import { listOf } from './testing/invariants.ts'

describe('Graph', () => {
  test('gives out new rows in order, and released ones first, the lowest first', async () => {
    const graph = new Graph(8)
    expect([...(await graph.allocate(5))]).toEqual([0, 1, 2, 3, 4])
    await graph.release(Uint32Array.of(3, 0))
    await graph.release(Uint32Array.of(2))
    expect([...(await graph.allocate(2))]).toEqual([0, 2])
    expect([...(await graph.allocate(3))]).toEqual([3, 5, 6])
    expect(graph.rows).toBe(7)
  })

  test('finds free rows again from their states', async () => {
    const graph = new Graph(8)
    graph.enliven(await graph.allocate(6))
    for (const row of [4, 1]) graph.bury(row)
    await graph.release(Uint32Array.of(4, 1))
    graph.findFreeRows()
    expect([...(await graph.allocate(3))]).toEqual([1, 4, 6])
  })

  test('counts what is alive, removed and free', async () => {
    const graph = new Graph(8)
    graph.enliven(await graph.allocate(6))
    expect(graph.bury(2)).toBe(true)
    expect(graph.bury(2)).toBe(false)
    expect([graph.alive, graph.removed, graph.freeRows]).toEqual([5, 1, 0])
    await graph.release(Uint32Array.of(2))
    graph.hide(Uint32Array.of(5))
    expect([graph.alive, graph.removed, graph.freeRows]).toEqual([4, 0, 1])
    expect([
      graph.isAlive(0),
      graph.isAlive(2),
      graph.isAlive(5),
      graph.isAlive(6),
      graph.isAlive(-1),
    ]).toEqual([true, false, false, false, false])
  })

  test('has an own list for every row on every layer, across chunks', async () => {
    const graph = new Graph(4)
    const rows = await graph.allocate(4 * CHUNK_ROWS)
    expect(graph.head[UPPER_BLOCKS]).toBeGreaterThan(CHUNK_ROWS)
    const list = new Uint32Array(1)
    for (const row of rows) {
      for (let layer = 0; layer <= graph.level(row); layer++) {
        if (graph.degree(row, layer) > 0) expect.fail(`the list of row ${row} on layer ${layer} is not empty`)
        list[0] = row * 8 + layer
        graph.write(row, layer, list, 1)
      }
    }
    for (const row of rows) {
      for (let layer = 0; layer <= graph.level(row); layer++) {
        const [entry, ...rest] = listOf(graph, row, layer)
        if (entry !== row * 8 + layer || rest.length > 0)
          expect.fail(`row ${row} on layer ${layer}: ${entry}`)
      }
    }
    await graph.release(rows)
    const busy = [...rows].filter((row) => listOf(graph, row, graph.level(row)).length > 0)
    expect(busy).toEqual([])
    expect(graph.stateOf(0)).toBe(FREE)
  })

  test('is full below 2^32 − 1 rows', () => {
    const graph = new Graph(8)
    graph.head[ROWS] = NO_ROW - 1
    expect(graph.rowsWith(1)).toBe(NO_ROW)
    expect(() => graph.rowsWith(2)).toThrow(expect.objectContaining({ code: 'full' }))
  })
})
