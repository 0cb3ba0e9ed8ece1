import { createHash } from 'node:crypto'
import { closeSync, existsSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import type { Progress } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import type { Encoder } from '@omen/wordnet'

/** Texts that are embedded and kept together: enough for all threads of an encoder. */
const BATCH = 128
const ROW_BYTES = Float32Array.BYTES_PER_ELEMENT

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
