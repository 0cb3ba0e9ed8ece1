import {
  type Accelerator,
  type AddOptions,
  type CheckedSearch,
  type Codes,
  checkShape,
  f16,
  NATIVE_TECHNIQUES,
  type NativeTechnique,
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
  /**
   * Robust prune, 1 to 2; 1 when left out. A link from a row to a neighbour is left out where a closer neighbour is
   * alpha times closer to that neighbour than the row is (distances of the metric: squared under l2). Above 1 more
   * links are kept: with m of 24 and more, 1.1 finds as much with a smaller beam; with few links it finds less. No effect under dot, where distances have no origin.
   */
  readonly alpha?: number
  /** Codes that searches walk by; `none()`, the vectors themselves, when left out. */
  readonly quantizer?: Quantizer
  /**
   * What is kept beside lossy codes to compute the best candidates' distances again: the vectors themselves (`f32`, when
   * left out), half of their bytes (`f16`), the codes of any finer quantizer, or nothing (`codes`). Without a lossy
   * quantizer it has no effect.
   */
  readonly keep?: Keep
  /**
   * The caller's own codes under the row numbers of this index, such as the vectors themselves where a database keeps them
   * (`given` of @omen/core): candidates are compared by them, whatever `keep` says. Of the same shape, and by the same
   * accelerator; a row must be there before it is added. Borrowed until the promise of `close` resolves, and not saved.
   */
  readonly rescoreBy?: Codes
  /** Vectors to train quantizers with; the first that are added when left out. Borrowed until the call returns. */
  readonly training?: Vectors
  /** What makes it faster, with the same answers: that of `@omen/native` when left out, none for `null`. */
  readonly accelerator?: Accelerator | null
  /**
   * For measurements: techniques of the accelerator to switch off (see `TECHNIQUES`); all are on when left out. Not saved
   * with the index.
   */
  readonly techniques?: Readonly<Partial<Record<Technique, boolean>>>
}

export interface HnswBuildOptions extends HnswOptions, AddOptions {
  /** Rows x dimension: borrowed until the promise settles. */
  readonly vectors: Vectors
}

export interface HnswOpenOptions {
  /** Where to look for the quantizers that the index was saved with; `none()` and `f16()` are always there. */
  readonly quantizers?: readonly Quantizer[]
  /** As in `HnswOptions`. */
  readonly rescoreBy?: Codes
  /** As in `HnswOptions`. */
  readonly techniques?: Readonly<Partial<Record<Technique, boolean>>>
  /** As in `HnswOptions`. */
  readonly accelerator?: Accelerator | null
  /**
   * Opens it to be searched alone: what the source has mapped is checked, and then used in place, without a copy. The source
   * must stay open until the promise of `close` resolves. False when left out.
   */
  readonly readOnly?: boolean
}

/** What can be switched off to measure what it brings: see `NATIVE_TECHNIQUES`; `hugePages`: large slabs lie on huge pages. */
export type Technique = NativeTechnique | 'hugePages'

export const TECHNIQUES: readonly Technique[] = [...NATIVE_TECHNIQUES, 'hugePages']

export type Keep = 'f32' | 'f16' | 'codes' | Quantizer

/** Options with every default filled in. */
export interface Settings {
  readonly shape: Shape
  readonly m: number
  readonly beam: number
  readonly alpha: number
  /** Techniques that are switched off. */
  readonly without: readonly Technique[]
  readonly quantizer: Quantizer
  /** Finer codes to rescore with; undefined for none. */
  readonly keep: Quantizer | undefined
  readonly rescoreBy: Codes | undefined
  readonly accelerator: Accelerator | undefined
}

const KNOWN: ReadonlySet<string> = new Set([
  'dimension',
  'metric',
  'm',
  'beam',
  'alpha',
  'quantizer',
  'keep',
  'rescoreBy',
  'training',
  'accelerator',
  'techniques',
])
/** More links or candidates than anybody has found useful: a limit on what one mistake can cost. */
const MAX_M = 128
const MIN_M = 4
const MAX_BEAM = 4096
const DEFAULT_ALPHA = 1

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
  const { dimension, metric, m = 16, beam = 200, alpha = DEFAULT_ALPHA } = options
  const { quantizer = none(), keep, techniques = {} } = options
  const shape = { dimension, metric }
  checkShape(shape)
  checkRange('m', m, MIN_M, MAX_M)
  checkRange('beam', beam, m, MAX_BEAM)
  if (!(alpha >= 1 && alpha <= 2)) {
    throw new OmenError('invalid_argument', `alpha must be a number from 1 to 2, got ${String(alpha)}`)
  }
  checkQuantizer('quantizer', quantizer)
  return {
    shape,
    m,
    beam,
    alpha: metric === 'dot' ? 1 : alpha,
    without: switchedOff(techniques),
    quantizer,
    keep: checkKeep(keep, quantizer),
    rescoreBy: checkRescoreBy(options.rescoreBy, shape),
    accelerator: chooseAccelerator(options.accelerator),
  }
}

/** Names of the techniques that are false. @throws OmenError `invalid_argument` */
export function switchedOff(techniques: Readonly<Record<string, boolean>>): Technique[] {
  for (const [name, on] of Object.entries(techniques)) {
    if (!TECHNIQUES.some((known) => known === name) || typeof on !== 'boolean') {
      throw new OmenError(
        'invalid_argument',
        `techniques maps ${TECHNIQUES.join(', ')} to true or false, got ${name}: ${String(on)}`,
      )
    }
  }
  return TECHNIQUES.filter((name) => techniques[name] === false)
}

/** @param given what the caller gave: `null` for TypeScript alone */
export function chooseAccelerator(given: Accelerator | null | undefined): Accelerator | undefined {
  return given === null ? undefined : (given ?? nativeAccelerator())
}

function checkKeep(keep: Keep | undefined, quantizer: Quantizer): Quantizer | undefined {
  const finer = finerQuantizer(keep)
  // Codes that lose nothing need nothing finer beside them.
  if (quantizer.name === none().name || finer?.name === quantizer.name) return undefined
  return finer
}

function finerQuantizer(keep: Keep | undefined): Quantizer | undefined {
  switch (keep) {
    case undefined:
    case 'f32':
      return none()
    case 'f16':
      return f16()
    case 'codes':
      return undefined
    default:
      if (typeof keep !== 'object') {
        throw new OmenError(
          'invalid_argument',
          `keep must be 'f32', 'f16', 'codes' or a quantizer, got ${String(keep)}`,
        )
      }
      checkQuantizer('keep', keep)
      return keep
  }
}

/** Checks that codes of the caller's own are for the same vectors. @throws OmenError `invalid_argument` */
export function checkRescoreBy(codes: Codes | undefined, { dimension, metric }: Shape): Codes | undefined {
  const shape = codes?.codec.shape
  if (shape && (shape.dimension !== dimension || shape.metric !== metric)) {
    throw new OmenError(
      'invalid_argument',
      `rescoreBy has ${shape.dimension} dimensions and ${shape.metric}, the index ${dimension} and ${metric}`,
    )
  }
  return codes
}

/** @throws OmenError `invalid_argument` for distances without an origin, of which there is no share */
export function checkEpsilon({ epsilon }: CheckedSearch, { metric }: Shape): void {
  if (epsilon === Infinity || metric !== 'dot') return
  throw new OmenError(
    'invalid_argument',
    'epsilon is a share of a distance, which dot has no origin for: give beam in its place',
  )
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
