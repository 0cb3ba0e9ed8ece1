import { expect, test } from 'vitest'
import { Settling } from './settling.ts'

/** How many candidates a walk expands that finds one of its closest for the last time as its `last`. */
function expandedAfter(last: number, persistence: number): number {
  const settling = new Settling(10, persistence)
  for (let i = 0; i < last; i++) expect(settling.endsAt(i % 10)).toBe(false)
  let more = 0
  while (!settling.endsAt(10 + more)) more++
  return more
}

test('a walk goes on for a part of the time that it took to find its closest, and a little longer', () => {
  expect(expandedAfter(20, 1)).toBe(30 + 20)
  expect(expandedAfter(200, 1)).toBe(30 + 200)
  expect(expandedAfter(200, 2)).toBe(30 + 400)
})

test('a walk that finds another of its closest begins to wait anew', () => {
  const settling = new Settling(10, 1)
  for (let place = 0; place < 40; place++) expect(settling.endsAt(place)).toBe(false)
  expect(settling.endsAt(3)).toBe(false)
  let more = 0
  while (!settling.endsAt(50)) more++
  expect(more).toBe(30 + 41)
})

test('a pool may be as narrow as what a walk can still expand, and grows with the time that it may take', () => {
  const settling = new Settling(10, 1)
  expect(settling.reach).toBe(10 + 36)
  for (let i = 0; i < 50; i++) settling.endsAt(i % 10)
  expect(settling.reach).toBe(10 + 36 + 120)
  settling.endsAt(10)
  expect(settling.reach).toBe(10 + 36 + 120)
})
