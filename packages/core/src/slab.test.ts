import { expect, test } from 'vitest'
import type { Accelerator } from './accelerator.ts'
import { CHUNK_ROWS, Slab } from './slab.ts'

test('a slab grows by chunks and never moves a row', () => {
  const slab = new Slab(8)
  expect(slab.capacity).toBe(0)
  slab.ensure(1)
  expect(slab.capacity).toBe(CHUNK_ROWS)
  const first = slab.row(5)
  first.fill(7)
  slab.ensure(CHUNK_ROWS * 2 + 1)
  expect(slab.capacity).toBe(CHUNK_ROWS * 3)
  slab.ensure(1)
  expect(slab.capacity).toBe(CHUNK_ROWS * 3)
  expect(slab.row(5).buffer).toBe(first.buffer)
  expect([...slab.row(5)]).toEqual(Array(8).fill(7))
  slab.row(CHUNK_ROWS * 2)[0] = 9
  expect(slab.words[2]?.[0]).toBe(9)
})

test('a slab clears across chunks, and no row beside', () => {
  const slab = new Slab(4, { fill: 255 })
  slab.ensure(CHUNK_ROWS * 2)
  slab.clear(CHUNK_ROWS - 2, CHUNK_ROWS + 3)
  const filled = [CHUNK_ROWS - 3, CHUNK_ROWS - 2, CHUNK_ROWS + 2, CHUNK_ROWS + 3].map(
    (row) => slab.row(row)[3],
  )
  expect(filled).toEqual([0, 255, 255, 0])
})

test('a slab gives its rows as parts, in order', () => {
  const slab = new Slab(3)
  slab.ensure(CHUNK_ROWS + 2)
  expect(slab.words).toEqual([])
  expect([...slab.parts(0)]).toEqual([])
  expect([...slab.parts(CHUNK_ROWS)].map((part) => part.length)).toEqual([CHUNK_ROWS * 3])
  expect([...slab.parts(CHUNK_ROWS + 2)].map((part) => part.length)).toEqual([CHUNK_ROWS * 3, 6])
  expect(slab.bytesFor(CHUNK_ROWS + 2)).toBe(CHUNK_ROWS * 3 + 6)
})

test('a slab asks the accelerator for memory, huge pages where they pay, and tells of each chunk', () => {
  const asked: [number, boolean][] = []
  const accelerator = {
    allocate(sizeBytes: number, huge: boolean) {
      asked.push([sizeBytes, huge])
      return new ArrayBuffer(sizeBytes)
    },
  } as Accelerator
  const told: Uint8Array[] = []
  const slab = new Slab(64, { accelerator })
  slab.ensure(10)
  slab.follow((chunk) => told.push(chunk))
  slab.ensure(CHUNK_ROWS + 1)
  slab.ensure(2 * CHUNK_ROWS + 1)
  const large = new Slab(64, { accelerator })
  large.ensure(20 * CHUNK_ROWS)
  const bytes = CHUNK_ROWS * 64
  expect(asked).toEqual([
    [bytes, false],
    [bytes, false],
    [2 * bytes, true],
    [8 * bytes, true],
    [8 * bytes, true],
    [8 * bytes, true],
  ])
  expect(slab.chunks).toHaveLength(4)
  expect(told).toEqual(slab.chunks)
})
