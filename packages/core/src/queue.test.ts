import { expect, test } from 'vitest'
import { Queue } from './queue.ts'
import { takeTurn } from './turn.ts'

test('a queue runs one task at a time, in order, after failures too', async () => {
  const queue = new Queue()
  const events: string[] = []
  const task =
    (name: string, turns: number, fails = false) =>
    async (): Promise<string> => {
      events.push(`${name} begins`)
      for (let i = 0; i < turns; i++) await takeTurn()
      events.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    }
  const results = await Promise.allSettled([
    queue.run(task('a', 3)),
    queue.run(task('b', 2, true)),
    queue.run(task('c', 0)),
    queue.run(() => 'd'),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('a queue counts what is pending', async () => {
  const queue = new Queue()
  expect(queue.pending).toBe(0)
  const running = [queue.run(() => takeTurn()), queue.run(() => takeTurn())]
  expect(queue.pending).toBe(2)
  await Promise.all(running)
  expect(queue.pending).toBe(0)
})

test('a queue refuses what has not begun when it is closed or aborted', async () => {
  const queue = new Queue()
  const controller = new AbortController()
  let ran = 0
  const count = async (): Promise<void> => {
    ran++
    await takeTurn()
  }
  const first = queue.run(count)
  const aborted = queue.run(count, controller.signal)
  controller.abort()
  await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
  const running = queue.run(count)
  const waiting = queue.run(count)
  await takeTurn()
  queue.close()
  await first
  await running
  await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  await expect(queue.run(count)).rejects.toMatchObject({ code: 'closed' })
  expect(ran).toBe(2)
})
