import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { datasetsCache } from '../paths.ts'
import { progressBar } from '../terminal/progress.ts'
import { cachePaths } from './cache.ts'
import { checkpointName, type Encoder, embedTexts, universalSentenceEncoder } from './embed.ts'
import type { Split } from './glove-wink.ts'
import { packagesFolder } from './obtain.ts'
import { Random } from './random.ts'
import type { DatasetEntry } from './registry.ts'
import { readWordnet, type Synset } from './wordnet.ts'

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
 * @param path WordNet's data.noun in the folder where the encoder's packages are installed too
 * @throws OmenError `corrupt_dataset`
 */
export async function embedWordnet(
  entry: DatasetEntry,
  path: string,
  seed: number,
  encoder?: Encoder,
): Promise<Split & { readonly dimension: number }> {
  const { name, rows, queries, obtain } = entry
  const dict = dirname(path)
  const drawn = drawSynsets(readWordnet(dict), rows, queries, seed)
  const texts = [...drawn.queries, ...drawn.rows].map(({ gloss }) => gloss)
  const used = encoder ?? (await universalSentenceEncoder(join(dict, '../..')))
  const { dimension } = used
  mkdirSync(packagesFolder(entry), { recursive: true })
  const checkpoint = join(packagesFolder(entry), checkpointName(JSON.stringify(obtain), texts))
  const bar = progressBar(`embedding ${name}`)
  const vectors = await embedTexts({ encoder: used, texts, checkpoint, onProgress: bar.update })
  bar.end()
  const { payload, queryPayload } = cachePaths(datasetsCache(), name)
  writeLines(payload, drawn.rows)
  writeLines(queryPayload, drawn.queries)
  const split = drawn.queries.length * dimension
  return { dimension, base: vectors.slice(split), queryVectors: vectors.slice(0, split) }
}

function writeLines(path: string, values: readonly unknown[]): void {
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
}
