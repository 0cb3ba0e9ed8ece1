import { type Codec, Codes, trainCodec, type Vectors } from '@omen/core'
import type { Engine } from './engine.ts'
import { Graph } from './graph.ts'
import { NativeEngine } from './native-engine.ts'
import type { Settings } from './options.ts'
import { TypeScriptEngine } from './typescript-engine.ts'

/** What an index consists of once its quantizers are trained. */
export interface Parts {
  readonly graph: Graph
  readonly codes: Codes
  /** Finer codes to rescore with, where there are any. */
  readonly exact: Codes | undefined
  readonly engine: Engine
}

/** Trains the quantizers on raw vectors, and makes empty parts. @throws OmenError as `trainCodec` */
export function trainParts(settings: Settings, vectors: Vectors): Parts {
  const { quantizer, keep, shape } = settings
  return makeParts(settings, trainCodec(quantizer, vectors, shape), keep && trainCodec(keep, vectors, shape))
}

/** Makes empty parts around trained codecs. */
export function makeParts(settings: Settings, codec: Codec, exactCodec: Codec | undefined): Parts {
  const { m, beam, accelerator } = settings
  const graph = new Graph(m, accelerator)
  const codes = new Codes(codec, accelerator)
  const exact = exactCodec && new Codes(exactCodec, accelerator)
  const engine =
    (accelerator && NativeEngine.create(graph, codes, exact, beam, accelerator)) ??
    new TypeScriptEngine(graph, codes, exact, beam)
  return { graph, codes, exact, engine }
}
