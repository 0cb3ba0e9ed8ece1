import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { progressBar } from '@omen/cli/terminal'
import { type Encoder, openEncoder, readWordnet, type Synset } from '@omen/wordnet'
import { datasetsCache } from '../paths.ts'
import { cachePaths } from './cache.ts'
import { checkpointName, embedTexts } from './embed.ts'
import type { Split } from './glove-wink.ts'
import { workFolder } from './obtain.ts'
import { Random } from './random.ts'
import type { DatasetEntry } from './registry.ts'

/** What is drawn from WordNet: the queries in the order drawn, the rows in WordNet's. */
export interface Drawn {
  readonly queries: readonly Synset[]
  readonly rows: readonly Synset[]
}

/** Draws a sample of meanings with `Random(seed)`: the queries first, then the rows. */
export function drawSynsets(all: readonly Synset[], rows: number, queries: number, seed: number): Drawn {
  const drawn = new Random(seed).sample(Math.min(rows + queries, all.length), all.length)
  const pick = (numbers: Uint32Array): Synset[] =>
    Array.from(numbers, (i) => all[i]).filter((s) => s !== undefined)
  return { queries: pick(drawn.subarray(0, queries)), rows: pick(drawn.slice(queries).sort()) }
}

/**
 * Embeds WordNet's glosses, and writes beside the cached vectors what each of them stands for. It takes minutes, and
 * goes on where an interrupted run ended.
 *
 * @param from meanings and an encoder other than WordNet's and its model, for tests
 * @throws OmenError `corrupt_dataset`
 */
export async function embedWordnet(
  entry: DatasetEntry,
  seed: number,
  from: { readonly synsets?: readonly Synset[]; readonly encoder?: Encoder } = {},
): Promise<Split & { readonly dimension: number }> {
  const { name, rows, queries } = entry
  const { synsets = readWordnet(), encoder } = from
  const drawn = drawSynsets(synsets, rows, queries, seed)
  const texts = [...drawn.queries, ...drawn.rows].map(({ gloss }) => gloss)
  mkdirSync(workFolder(entry), { recursive: true })
  const checkpoint = join(workFolder(entry), checkpointName(name, texts))
  const { dimension, vectors } = encoder
    ? await embed(encoder, name, texts, checkpoint)
    : await embedWithModel(name, texts, checkpoint)
  const { payload, queryPayload } = cachePaths(datasetsCache(), name)
  writeLines(payload, drawn.rows)
  writeLines(queryPayload, drawn.queries)
  const split = drawn.queries.length * dimension
  return { dimension, base: vectors.slice(split), queryVectors: vectors.slice(0, split) }
}

interface Embedded {
  readonly dimension: number
  readonly vectors: Float32Array
}

async function embedWithModel(name: string, texts: readonly string[], checkpoint: string): Promise<Embedded> {
  await using encoder = await openEncoder()
  return await embed(encoder, name, texts, checkpoint)
}

async function embed(
  encoder: Encoder,
  name: string,
  texts: readonly string[],
  checkpoint: string,
): Promise<Embedded> {
  const bar = progressBar(`embedding ${name}`)
  const vectors = await embedTexts({ encoder, texts, checkpoint, onProgress: bar.update })
  bar.end()
  return { dimension: encoder.dimension, vectors }
}

function writeLines(path: string, values: readonly unknown[]): void {
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
}
