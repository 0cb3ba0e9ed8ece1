import { bf16, f16, findQuantizer, none, type Quantizer } from '@omen/core'
import { binary } from './binary.ts'
import { leanvec } from './leanvec.ts'
import { lvq4, lvq4x8, lvq8 } from './lvq.ts'
import { pq } from './pq.ts'
import { rabitq } from './rabitq.ts'
import { sq4 } from './sq4.ts'
import { sq8 } from './sq8.ts'

const ROTATED: readonly Quantizer[] = [1, 2, 3, 4, 5, 6, 7, 8].map((bits) => rabitq({ bits }))

/** Every quantizer of this package: of each name one, with its defaults. */
export function quantizers(): Quantizer[] {
  return [
    none(),
    f16(),
    bf16(),
    sq8(),
    sq4(),
    lvq4(),
    lvq8(),
    lvq4x8(),
    ...ROTATED,
    leanvec(),
    binary(),
    pq(),
  ]
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
