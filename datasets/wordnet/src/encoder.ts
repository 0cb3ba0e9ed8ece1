import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { OmenError } from '@omen/core'

/** Turns texts into vectors, the same for the same texts. */
export interface Encoder {
  readonly dimension: number
  /** @returns a vector for each text, in their order */
  embed(texts: readonly string[]): Promise<Float32Array[]>
}

/** Texts that go through the model together: of like length, since a batch costs what its longest text does. */
const BATCH = 16
const DIMENSION = 512

/** Threads beyond these would wait for memory rather than compute, and each holds the model. */
const MAX_THREADS = 4

/**
 * Loads the Universal Sentence Encoder (light, 512 components) onto threads of its own.
 *
 * @param threads all cores, at most four, when left out
 * @throws OmenError `io` when the model cannot be loaded
 */
export async function openEncoder(
  threads: number = Math.min(availableParallelism(), MAX_THREADS),
): Promise<SentenceEncoder> {
  const workers = Array.from({ length: threads }, () => {
    return new Worker(new URL('../encoder-worker.mjs', import.meta.url), { execArgv: [] })
  })
  const encoder = new SentenceEncoder(workers)
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    return encoder
  } catch (error) {
    await encoder.close()
    throw new OmenError('io', 'the sentence encoder could not be loaded', { cause: error })
  }
}

/** An encoder over threads that each hold the model. Ends with `close`, which a program that wants to end must call. */
export class SentenceEncoder implements Encoder {
  readonly dimension: number = DIMENSION
  readonly threads: number
  readonly #idle: Worker[]
  readonly #waiting: ((worker: Worker) => void)[] = []
  readonly #workers: readonly Worker[]
  readonly #closed = new AbortController()

  constructor(workers: readonly Worker[]) {
    this.threads = workers.length
    this.#workers = workers
    this.#idle = [...workers]
  }

  /** @throws OmenError `closed` */
  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    const order = texts.map((_, i) => i)
    order.sort((a, b) => (texts[a]?.length ?? 0) - (texts[b]?.length ?? 0))
    const vectors = texts.map(() => new Float32Array(0))
    const batches = Array.from({ length: Math.ceil(texts.length / BATCH) }, async (_, i) => {
      const which = order.slice(i * BATCH, (i + 1) * BATCH)
      const found = await this.#embedBatch(which.map((at) => texts[at] ?? ''))
      for (const [row, at] of which.entries()) {
        vectors[at] = found.slice(row * DIMENSION, (row + 1) * DIMENSION)
      }
    })
    await Promise.all(batches)
    return vectors
  }

  async #embedBatch(texts: readonly string[]): Promise<Float32Array> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)))
    const { signal } = this.#closed
    try {
      const answered = once(worker, 'message', { signal })
      worker.postMessage(texts)
      const [vectors] = (await answered) as [Float32Array]
      return vectors
    } catch (error) {
      if (signal.aborted) throw new OmenError('closed', 'the encoder is closed', { cause: error })
      throw error
    } finally {
      const next = this.#waiting.shift()
      if (next) next(worker)
      else this.#idle.push(worker)
    }
  }

  /** Ends the threads; what is being embedded fails. */
  async close(): Promise<void> {
    this.#closed.abort()
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
