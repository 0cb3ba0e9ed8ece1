import { type Accelerator, type Codec, Codes, type Slab, trainCodec, type Vectors } from '@omen/core'
import type { Engine } from './engine.ts'
import { type GivenSlabs, Graph, SLABS } from './graph.ts'
import { NativeEngine } from './native-engine.ts'
import type { Settings } from './options.ts'
import { TypeScriptEngine } from './typescript-engine.ts'

/** What an index consists of once its quantizers are trained. */
export interface Parts {
  readonly graph: Graph
  readonly codes: Codes
  /** Finer codes to rescore with, where there are any. */
  readonly exact: Codes | undefined
  /** The codes that candidates are compared by again: `exact`, or the caller's own (see `HnswOptions.rescoreBy`). */
  readonly rescoring: Codes | undefined
  /** The codes by which rows are linked: `codes` or `exact`. */
  readonly linking: Codes
  readonly engine: Engine
}

/** The codes that have rows of their own, which whoever writes, saves or counts rows must look at. */
export function storedCodes({ codes, exact }: Pick<Parts, 'codes' | 'exact'>): readonly [Codes, ...Codes[]] {
  return exact && exact.slab !== codes.slab ? [codes, exact] : [codes]
}

/** Gives the memory of parts back: nobody may look at them any more. What lies over bytes of somebody else stays. */
export function freeParts(parts: Parts): void {
  for (const { slab } of storedCodes(parts)) slab.free()
  for (const name of SLABS) parts.graph[name].free()
}

/** The codecs that parts were made around: those that `makeParts` takes. */
export function codecsOf({ codes, exact }: Parts): [Codec, Codec | undefined] {
  // Codes of two levels are walked by one reading of them, and rescore by the other, which is the whole.
  return exact && exact.slab === codes.slab ? [exact.codec, undefined] : [codes.codec, exact?.codec]
}

/** The parts that an engine runs over. */
export type Data = Omit<Parts, 'engine'>

/** Trains the quantizers on raw vectors, and makes empty parts. @throws OmenError as `trainCodec` */
export function trainParts(settings: Settings, vectors: Vectors): Parts {
  const { quantizer, keep, shape } = settings
  return makeParts(settings, trainCodec(quantizer, vectors, shape), keep && trainCodec(keep, vectors, shape))
}

/** Slabs of parts that lie somewhere already, to be read there: those of the graph, and of the stored codes. */
export interface GivenParts extends GivenSlabs {
  readonly codes?: Slab | undefined
  readonly exact?: Slab | undefined
}

/** Makes parts around trained codecs: empty ones, but for the slabs that are given. */
export function makeParts(
  settings: Settings,
  codec: Codec,
  exactCodec: Codec | undefined,
  given: GivenParts = {},
): Parts {
  const { m, alpha, without, rescoreBy } = settings
  const accelerator = without.includes('hugePages')
    ? onSmallPages(settings.accelerator)
    : settings.accelerator
  const graph = new Graph(m, alpha, accelerator, given)
  const full = new Codes(codec, accelerator, given.codes)
  // Where nothing finer is kept, codes of two levels are walked by the first of them, and rescore by both.
  const coarse = exactCodec ? undefined : full.coarse()
  const codes = coarse ?? full
  const exact = coarse ? full : exactCodec && new Codes(exactCodec, accelerator, given.exact)
  const linking = exact && (coarse || isCoarse(codec)) ? exact : codes
  const parts = { graph, codes, exact, linking, rescoring: rescoreBy ?? exact }
  const engine =
    (accelerator && NativeEngine.create(parts, settings, accelerator)) ??
    new TypeScriptEngine(parts, settings)
  return { ...parts, engine }
}

/** Bits of a code for each component of its vector. */
export function bitsPerComponent({ bytesPerRow, shape }: Codec): number {
  return (bytesPerRow * 8) / shape.dimension
}

/**
 * Whether codes are too coarse to link rows by: less than a byte a component. A search makes up for what such codes confuse
 * by rescoring; a list of neighbours chosen by them stays as it is.
 */
function isCoarse(codec: Codec): boolean {
  return codec.shape.metric !== 'hamming' && bitsPerComponent(codec) < 8
}

function onSmallPages(accelerator: Accelerator | undefined): Accelerator | undefined {
  return (
    accelerator && {
      allocate: (sizeBytes) => accelerator.allocate(sizeBytes, false),
      free: (buffer) => accelerator.free(buffer),
      createChecksum: () => accelerator.createChecksum(),
      copy: (source, target) => accelerator.copy(source, target),
      createTexts: (texts) => accelerator.createTexts(texts),
      createCodes: (...codes) => accelerator.createCodes(...codes),
      createGraph: (options) => accelerator.createGraph(options),
      distance: (...vectors) => accelerator.distance(...vectors),
      doctor: () => accelerator.doctor(),
    }
  )
}
