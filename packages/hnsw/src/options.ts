import {
  type Accelerator,
  checkShape,
  none,
  OmenError,
  type Quantizer,
  type Shape,
  type Vectors,
} from '@omen/core'
import { accelerator as nativeAccelerator } from '@omen/native'

/** How an index is to be made. */
export interface HnswOptions extends Shape {
  /**
   * Neighbours of a row on upper layers, 4 to 128; on the base layer twice as many. 16 when left out; 32 finds more in
   * high dimensions, for twice the memory.
   */
  readonly m?: number
  /** Candidates kept while a row is inserted (efConstruction), m to 4096; 200 when left out. More finds better links, slower. */
  readonly beam?: number
  /** Codes that searches walk by; `none()`, the vectors themselves, when left out. */
  readonly quantizer?: Quantizer
  /**
   * What is kept beside lossy codes to compute the best candidates' distances again: the vectors themselves (`f32`, when
   * left out), the codes of a finer quantizer such as `f16()`, or nothing (`codes`). Without a lossy quantizer it has no
   * effect.
   */
  readonly keep?: Keep
  /** Vectors to train quantizers with; the first that are added when left out. Borrowed until the call returns. */
  readonly training?: Vectors
  /** What makes it faster, with the same answers: that of `@omen/native` when left out, none for `null`. */
  readonly accelerator?: Accelerator | null
}

export type Keep = 'f32' | 'codes' | Quantizer

/** Options with every default filled in. */
export interface Settings {
  readonly shape: Shape
  readonly m: number
  readonly beam: number
  readonly quantizer: Quantizer
  /** Finer codes to rescore with; undefined for none. */
  readonly keep: Quantizer | undefined
  readonly accelerator: Accelerator | undefined
}

const KNOWN: ReadonlySet<string> = new Set([
  'dimension',
  'metric',
  'm',
  'beam',
  'quantizer',
  'keep',
  'training',
  'accelerator',
])
/** More links or candidates than anybody has found useful: a limit on what one mistake can cost. */
const MAX_M = 128
const MIN_M = 4
const MAX_BEAM = 4096

/**
 * Checks the options of an index and fills in the defaults.
 *
 * @throws OmenError `invalid_argument` naming the option, `unknown_metric`
 */
export function checkOptions(options: HnswOptions): Settings {
  for (const name in options) {
    if (!KNOWN.has(name)) {
      throw new OmenError('invalid_argument', `unknown option ${name}: there are ${[...KNOWN].join(', ')}`)
    }
  }
  const { dimension, metric, m = 16, beam = 200, quantizer = none(), keep } = options
  const shape = { dimension, metric }
  checkShape(shape)
  checkRange('m', m, MIN_M, MAX_M)
  checkRange('beam', beam, m, MAX_BEAM)
  checkQuantizer('quantizer', quantizer)
  return {
    shape,
    m,
    beam,
    quantizer,
    keep: checkKeep(keep, quantizer),
    accelerator: chooseAccelerator(options.accelerator),
  }
}

/** @param given what the caller gave: `null` for TypeScript alone */
export function chooseAccelerator(given: Accelerator | null | undefined): Accelerator | undefined {
  return given === null ? undefined : (given ?? nativeAccelerator())
}

function checkKeep(keep: Keep | undefined, quantizer: Quantizer): Quantizer | undefined {
  if (typeof keep === 'object') checkQuantizer('keep', keep)
  else if (keep !== undefined && keep !== 'f32' && keep !== 'codes') {
    throw new OmenError(
      'invalid_argument',
      `keep must be 'f32', 'codes' or a quantizer such as f16() of @omen/quant, got ${String(keep)}`,
    )
  }
  // Codes that lose nothing need nothing finer beside them.
  if (quantizer.name === none().name || keep === 'codes') return undefined
  const finer = typeof keep === 'object' ? keep : none()
  return finer.name === quantizer.name ? undefined : finer
}

function checkQuantizer(name: string, quantizer: Quantizer): void {
  const { name: own, train, open } = quantizer
  if (typeof own !== 'string' || typeof train !== 'function' || typeof open !== 'function') {
    throw new OmenError('invalid_argument', `${name} must be a quantizer, such as sq8() of @omen/quant`)
  }
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new OmenError(
      'invalid_argument',
      `${name} must be a whole number from ${min} to ${max}, got ${String(value)}`,
    )
  }
}
