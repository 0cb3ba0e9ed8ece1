import { expect, test } from 'vitest'
import { FlatIndex } from './flat.ts'
import { TURN_MS, Turns, takeTurn } from './turn.ts'

test('takeTurn lets a timer run', async () => {
  let fired = false
  setTimeout(() => {
    fired = true
  }, 0)
  for (let i = 0; i < 1000 && !fired; i++) await takeTurn()
  expect(fired).toBe(true)
})

test('Turns are due when the time is up', () => {
  const turns = new Turns()
  const start = performance.now()
  while (performance.now() - start <= TURN_MS);
  expect(turns.due).toBe(true)
})

test('adding and searching in TypeScript leave the event loop its turns', async () => {
  const index = new FlatIndex({ dimension: 1000, metric: 'l2' })
  const vectors = new Float32Array(1000 * 20_000)
  for (let i = 0; i < vectors.length; i += 7) vectors[i] = i
  let turns = 0
  const counter = setInterval(() => turns++, 0)
  await index.add(vectors)
  expect(turns).toBeGreaterThan(0)
  turns = 0
  for (let i = 0; i < 5; i++) await index.search(vectors.subarray(0, 1000), { k: 1 })
  expect(turns).toBeGreaterThan(0)
  clearInterval(counter)
})
