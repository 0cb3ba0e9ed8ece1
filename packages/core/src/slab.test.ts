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
  expect(told.map((chunk) => slab.chunks.indexOf(chunk))).toEqual([0, 1, 2, 3])
})

test('a slab over given bytes shows them in place, its last chunk as short as they are, and does not grow', () => {
  const rows = CHUNK_ROWS + 3
  const bytes = new Uint8Array(rows * 8 + 4).subarray(4)
  bytes[CHUNK_ROWS * 8 + 16] = 7
  const slab = Slab.over(8, bytes)
  expect([slab.capacity, slab.chunks.length, slab.given === bytes]).toEqual([rows, 2, true])
  expect(slab.row(CHUNK_ROWS + 2)[0]).toBe(7)
  expect(slab.words[1]?.[4]).toBe(7)
  expect(slab.chunks.map(({ buffer }) => buffer === bytes.buffer)).toEqual([true, true])
  expect([...slab.parts(rows)].map(({ length }) => length)).toEqual([CHUNK_ROWS * 8, 24])
  slab.ensure(rows)
  expect(() => slab.ensure(rows + 1)).toThrow(expect.objectContaining({ code: 'read_only' }))
})
