import { availableParallelism } from 'node:os'
import type {
  Accelerator,
  Doctor,
  Element,
  Metric,
  NativeChecksum,
  NativeCodec,
  NativeCodes,
  NativeGraph,
  NativeGraphOptions,
  NativeTexts,
  Shape,
  TextColumnParts,
} from '@omen/core'
import { METRICS, OmenError } from '@omen/core'
import type { Addon } from './addon.ts'
import { AcceleratedCodes, ELEMENTS } from './codes.ts'
import { AcceleratedGraph } from './graph.ts'
import { load } from './load.ts'
import { AcceleratedTexts } from './texts.ts'

let shared: Accelerator | undefined

/**
 * The accelerator of this machine, the same at every call.
 *
 * @returns undefined where the addon was not built, does not load here, or `OMEN_NATIVE=off` is set: everything works
 * without it, slower; `loadError` says why
 */
export function accelerator(): Accelerator | undefined {
  const loaded = load()
  if ('addon' in loaded) shared ??= new NativeAccelerator(loaded.addon)
  return shared
}

/** Why `accelerator()` gives undefined, in a sentence for people; undefined when it gives one. */
export function loadError(): string | undefined {
  const loaded = load()
  return 'error' in loaded ? loaded.error : undefined
}

/** What runs on this machine; without the addon the kernels are `typescript`, and what only it can ask is unknown. */
export function doctor(): Doctor {
  return (
    accelerator()?.doctor() ?? {
      kernels: 'typescript',
      available: ['typescript'],
      threads: availableParallelism(),
      pageSizeBytes: 0,
      hugePages: 'unknown',
      compiler: 'none',
    }
  )
}

class NativeAccelerator implements Accelerator {
  readonly #addon: Addon

  constructor(addon: Addon) {
    this.#addon = addon
  }

  allocate(sizeBytes: number, huge: boolean): ArrayBuffer {
    return this.#addon.allocate(sizeBytes, huge)
  }

  free(buffer: ArrayBuffer): void {
    this.#addon.detach(buffer)
  }

  createChecksum(): NativeChecksum {
    return new this.#addon.Checksum()
  }

  copy(source: Uint8Array, target: Uint8Array): Promise<void> {
    return this.#addon.copy(source, target)
  }

  createTexts(parts: TextColumnParts): NativeTexts {
    return new AcceleratedTexts(this.#addon, parts)
  }

  createCodes(shape: Shape, codec: NativeCodec, bytesPerRow: number): NativeCodes {
    return new AcceleratedCodes(this.#addon, shape, codec, bytesPerRow)
  }

  createGraph(options: NativeGraphOptions): NativeGraph {
    return new AcceleratedGraph(this.#addon, options)
  }

  distance(element: Element, metric: Metric, a: Uint8Array, b: Uint8Array, dimension: number): number {
    if ((element === 'bits') !== (metric === 'hamming')) {
      throw new OmenError('unsupported', `${element} elements cannot be compared by ${metric}`)
    }
    return this.#addon.distance(ELEMENTS.indexOf(element), METRICS.indexOf(metric), a, b, dimension)
  }

  doctor(): Doctor {
    return this.#addon.doctor()
  }
}
