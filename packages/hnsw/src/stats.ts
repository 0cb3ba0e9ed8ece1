import type { IndexStats } from '@omen/core'
import type { Settings } from './options.ts'
import type { Parts } from './parts.ts'

export interface HnswStats extends IndexStats {
  /** Row numbers that were given back and will be used again. */
  readonly free: number
  readonly m: number
  /** Candidates kept while a row is inserted. */
  readonly beam: number
  /** Names of the quantizers that searches walk by and rescore by. */
  readonly quantizer: string
  readonly kept: string | undefined
  readonly engine: 'typescript' | 'native' | 'none'
}

/** Sizes of an index. */
export function statsOf(settings: Settings, parts: Parts | undefined): HnswStats {
  const { m, beam, quantizer, keep } = settings
  const bytes = parts ? bytesOf(parts) : {}
  return {
    rows: parts?.graph.alive ?? 0,
    removed: parts?.graph.removed ?? 0,
    free: parts?.graph.freeRows ?? 0,
    m,
    beam,
    quantizer: quantizer.name,
    kept: keep?.name,
    engine: parts?.engine.kind ?? 'none',
    bytes: { total: Object.values(bytes).reduce((sum, each) => sum + each, 0), ...bytes },
  }
}

function bytesOf({ graph, codes, exact }: Parts): Readonly<Record<string, number>> {
  return {
    codes: codes.slab.bytesFor(graph.rows),
    ...(exact ? { exact: exact.slab.bytesFor(graph.rows) } : {}),
    ...graph.bytes(),
    freeRows: graph.freeRows * Float64Array.BYTES_PER_ELEMENT,
  }
}
