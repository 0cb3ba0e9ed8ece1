import { OmenError } from '@omen/core'
import type { Engine } from './engine.ts'

/**
 * Engines that run inside a Node process, by the name that workloads use. Each is imported only where it is measured,
 * so that no other one lies in its memory.
 */
const HOSTED: Readonly<Record<string, () => Promise<Engine>>> = {
  'omen-flat': async () => new (await import('./omen-flat.ts')).OmenFlat() as Engine,
  'omen-hnsw': async () => new (await import('./omen-hnsw.ts')).OmenHnsw() as Engine,
  'hnswlib-node': async () => new (await import('./hnswlib-node.ts')).HnswlibNode() as Engine,
  usearch: async () => new (await import('./usearch.ts')).UsearchEngine() as Engine,
}

/** Their names. */
export const HOSTED_NAMES: readonly string[] = Object.keys(HOSTED)

/**
 * Starts an engine in this process.
 *
 * @throws OmenError `not_found` for an unknown name, or saying why it does not run here
 */
export async function createHosted(name: string): Promise<Engine> {
  const create = HOSTED[name]
  if (!create) throw new OmenError('not_found', `there is no engine ${name}`)
  return create()
}
