import { findQuantizer, none, type Quantizer } from '@omen/core'
import { bf16 } from './bf16.ts'
import { f16 } from './f16.ts'
import { sq8 } from './sq8.ts'

/** Every quantizer of this package, with its defaults. */
export function quantizers(): Quantizer[] {
  return [none(), f16(), bf16(), sq8()]
}

/**
 * Finds a quantizer by the name that files have for it.
 *
 * @param name name and version, such as `sq8/1`
 * @param custom quantizers of your own, looked at first
 * @throws OmenError `unknown_quantizer`, saying which package is missing
 */
export function quantizerByName(name: string, custom: readonly Quantizer[] = []): Quantizer {
  return findQuantizer(name, [...custom, ...quantizers()])
}
