import type { Codec, IndexStats } from '@omen/core'
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

function bytesOf(parts: Parts): Readonly<Record<string, number>> {
  const { graph } = parts
  const [codes, exact] = storedCodes(parts)
  return {
    codes: codes.slab.bytesFor(graph.rows),
    ...(exact ? { exact: exact.slab.bytesFor(graph.rows) } : {}),
    parameters: parameterBytes(codes.codec, exact?.codec),
    ...graph.bytes(),
    freeRows: graph.freeRows * Float64Array.BYTES_PER_ELEMENT,
  }
}

/** Bytes of what quantizers learnt. */
export function parameterBytes(codec: Codec, exactCodec: Codec | undefined): number {
  return codec.parameters.byteLength + (exactCodec?.parameters.byteLength ?? 0)
}
