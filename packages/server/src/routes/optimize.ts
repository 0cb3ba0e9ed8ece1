import type { Progress } from '@omen/core'
import type { Collection, Schema } from '@omen/db'
import { takesStream } from '../http/media.ts'
import type { Streamed } from '../http/reply-stream.ts'
import type { Call } from './route.ts'

/** Optimizes a collection; who accepts a stream is told how far it has come. */
export async function optimizing(
  collection: Collection<Schema>,
  { request, visit }: Call<unknown, unknown>,
): Promise<Streamed | object> {
  const { accept } = request.headers
  const { signal } = visit
  if (takesStream(accept)) {
    return { items: progressOf(collection, signal), live: true }
  }
  await collection.optimize({ signal })
  return {}
}

/** What is told of it; what comes faster than it is taken is left out. */
async function* progressOf(
  collection: Collection<Schema>,
  signal: AbortSignal,
): AsyncGenerator<Progress | { finished: true }, void, undefined> {
  let latest: Progress | undefined
  let wake = (): void => undefined
  let over = false
  const done = collection
    .optimize({
      signal,
      onProgress: (progress) => {
        latest = progress
        wake()
      },
    })
    .finally(() => {
      over = true
      wake()
    })
  // Whoever goes away in the middle leaves a promise that nobody waits for.
  done.catch(() => undefined)
  while (!over) {
    if (!latest) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      continue
    }
    const progress = latest
    latest = undefined
    yield { done: progress.done, total: progress.total }
  }
  await done
  yield { finished: true }
}
