import { HEARTBEAT } from './reply-stream.ts'

/** When a stream that has nothing yet says that it has begun: what is wrong with a request is found before, as a rule. */
const FIRST_MS = 10

/**
 * The items of a stream, with a heartbeat soon after its beginning, and whenever no item has come for a while.
 *
 * @param items ended with this
 */
export async function* withHeartbeats<T>(
  items: AsyncGenerator<T, void, undefined>,
  everyMs: number,
): AsyncGenerator<T | typeof HEARTBEAT, void, undefined> {
  let waitMs = Math.min(FIRST_MS, everyMs)
  try {
    let next = items.next()
    for (;;) {
      const item = await within(next, waitMs)
      waitMs = everyMs
      if (item === HEARTBEAT) yield HEARTBEAT
      else if (item.done) return
      else {
        yield item.value
        next = items.next()
      }
    }
  } finally {
    await items.return()
  }
}

/** What a promise resolves with, or a heartbeat when that takes longer. */
async function within<T>(promise: Promise<T>, waitMs: number): Promise<T | typeof HEARTBEAT> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof HEARTBEAT>((resolve) => {
    timer = setTimeout(() => resolve(HEARTBEAT), waitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
