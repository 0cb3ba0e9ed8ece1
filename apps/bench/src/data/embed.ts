import { createHash } from 'node:crypto'
import { closeSync, existsSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { OmenError } from '@omen/core'
import type { Progress } from '../terminal/progress.ts'

/** Turns texts into vectors, the same for the same batch. */
export interface Encoder {
  readonly dimension: number
  embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>
}

/** Texts that go through the encoder together; of like length, so that little of it is padding. */
const BATCH = 8
const ROW_BYTES = Float32Array.BYTES_PER_ELEMENT

/**
 * Loads the Universal Sentence Encoder (Cer et al., 2018; the light one, 512 components) from npm packages.
 *
 * @param modules the node_modules folder with `@energetic-ai/embeddings`, its core and its English model
 */
export async function universalSentenceEncoder(modules: string): Promise<Encoder> {
  const load = createRequire(join(modules, 'package.json'))
  const [embeddings, weights] = ['embeddings', 'model-embeddings-en'].map((name) =>
    load(`@energetic-ai/${name}`),
  )
  const { initModel } = embeddings as {
    initModel(source: unknown): Promise<{ embed(texts: readonly string[]): Promise<number[][]> }>
  }
  const { modelSource } = weights as { modelSource: unknown }
  const model = await initModel(modelSource)
  return { dimension: 512, embed: (texts) => model.embed(texts) }
}

/** What to embed, and where to keep what is done. */
export interface EmbedOptions {
  readonly encoder: Encoder
  readonly texts: readonly string[]
  /** Grows batch by batch, so that an interrupted run goes on where it ended. */
  readonly checkpoint: string
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Embeds texts, shortest first; batches that the checkpoint holds are not computed again.
 *
 * @returns texts x dimension, in the order given
 * @throws OmenError `dimension_mismatch` when the encoder gives vectors of another length
 */
export async function embedTexts(options: EmbedOptions): Promise<Float32Array> {
  const { encoder, texts, checkpoint, onProgress } = options
  const { dimension } = encoder
  const order = texts.map((_, i) => i)
  order.sort((a, b) => (texts[a]?.length ?? 0) - (texts[b]?.length ?? 0) || a - b)
  const out = new Float32Array(texts.length * dimension)
  const file = openSync(checkpoint, existsSync(checkpoint) ? 'r+' : 'w+')
  try {
    const bytes = BATCH * dimension * ROW_BYTES
    let done = BATCH * Math.floor(statSync(checkpoint).size / bytes)
    for (let first = 0; first < done; first += BATCH) {
      const batch = new Float32Array(BATCH * dimension)
      readSync(file, batch, 0, bytes, first * dimension * ROW_BYTES)
      place(out, dimension, order.slice(first, first + BATCH), batch)
    }
    ftruncateSync(file, done * dimension * ROW_BYTES)
    while (done < order.length) {
      const which = order.slice(done, done + BATCH)
      const vectors = await encoder.embed(which.map((i) => texts[i] ?? ''))
      const batch = new Float32Array(which.length * dimension)
      for (const [i, vector] of vectors.entries()) {
        if (vector.length !== dimension)
          throw new OmenError('dimension_mismatch', `the encoder gave ${vector.length} components`)
        batch.set(vector, i * dimension)
      }
      writeSync(file, batch, 0, batch.byteLength, done * dimension * ROW_BYTES)
      place(out, dimension, which, batch)
      done += which.length
      onProgress?.({ done, total: texts.length })
    }
  } finally {
    closeSync(file)
  }
  return out
}

function place(out: Float32Array, dimension: number, rows: readonly number[], batch: Float32Array): void {
  for (const [i, row] of rows.entries())
    out.set(batch.subarray(i * dimension, (i + 1) * dimension), row * dimension)
}

/** The name of a checkpoint, which holds for these texts by this encoder alone. */
export function checkpointName(encoder: string, texts: readonly string[]): string {
  const hash = createHash('sha256').update(encoder)
  for (const text of texts) hash.update(`\0${text}`)
  return `${hash.digest('hex').slice(0, 8)}.part`
}
