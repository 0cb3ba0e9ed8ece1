import type { Codec, IndexStats, Slab } from '@omen/core'
import { SLABS } from './graph.ts'
import type { Settings } from './options.ts'
import { type Parts, storedCodes } from './parts.ts'
import type { TunedSetting } from './tuned.ts'

export interface HnswStats extends IndexStats {
  /** Row numbers that were given back and will be used again. */
  readonly free: number
  /** Rows, removed ones among them, that hang on a row of the same codes in place of links of their own. */
  readonly chained: number
  readonly m: number
  /** Candidates kept while a row is inserted. */
  readonly beam: number
  readonly alpha: number
  /** Names of the quantizers that searches walk by and rescore by. */
  readonly quantizer: string
  readonly kept: string | undefined
  readonly engine: 'typescript' | 'native' | 'none'
  /** What `tune` found, the last one last. */
  readonly tuned: readonly TunedSetting[]
}

/** Sizes of an index. */
export function statsOf(
  settings: Settings,
  parts: Parts | undefined,
  tuned: readonly TunedSetting[],
): HnswStats {
  const { m, beam, alpha, quantizer, keep } = settings
  const bytes = parts ? bytesOf(parts) : {}
  return {
    rows: parts?.graph.alive ?? 0,
    removed: parts?.graph.removed ?? 0,
    free: parts?.graph.freeRows ?? 0,
    chained: parts?.graph.chained ?? 0,
    m,
    beam,
    alpha,
    quantizer: quantizer.name,
    kept: keep?.name,
    engine: parts?.engine.kind ?? 'none',
    tuned,
    bytes: { total: Object.values(bytes).reduce((sum, each) => sum + each, 0), ...bytes },
  }
}

/** Bytes by part; those that lie in a mapped file make a part of their own, `mapped`. */
function bytesOf(parts: Parts): Readonly<Record<string, number>> {
  const { graph } = parts
  const [codes, exact] = storedCodes(parts)
  const slabs: Record<string, Slab> = { codes: codes.slab, ...(exact ? { exact: exact.slab } : {}) }
  for (const name of SLABS) slabs[name] = graph[name]
  const inUse: Record<string, number> = {
    codes: codes.slab.bytesFor(graph.rows),
    ...(exact ? { exact: exact.slab.bytesFor(graph.rows) } : {}),
    ...graph.bytes(),
  }
  const inPlace = Object.entries(slabs).filter(([, slab]) => slab.given)
  const own = Object.entries(inUse).filter(([name]) => !slabs[name]?.given)
  return {
    ...Object.fromEntries(own),
    parameters: parameterBytes(codes.codec, exact?.codec),
    freeRows: graph.freeRows * Float64Array.BYTES_PER_ELEMENT,
    ...(inPlace.length > 0 ? { mapped: inPlace.reduce((sum, [name]) => sum + (inUse[name] ?? 0), 0) } : {}),
  }
}

/** Bytes of what quantizers learnt. */
export function parameterBytes(codec: Codec, exactCodec: Codec | undefined): number {
  return codec.parameters.byteLength + (exactCodec?.parameters.byteLength ?? 0)
}
