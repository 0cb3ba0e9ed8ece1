import { OmenError } from './errors.ts'
import type { Quantizer } from './quantizer.ts'

/** Where the quantizers that Omen knows live, for the error that names the package somebody lacks. */
const PACKAGES: Readonly<Record<string, string>> = {
  none: '@omen/core',
  f16: '@omen/core',
  bf16: '@omen/core',
  sq8: '@omen/quant',
  sq4: '@omen/quant',
  lvq4: '@omen/quant',
  lvq8: '@omen/quant',
  lvq4x8: '@omen/quant',
  leanvec: '@omen/quant',
  binary: '@omen/quant',
  pq: '@omen/quant',
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((bits) => [`rabitq${bits}`, '@omen/quant'])),
}

/**
 * Finds the quantizer of a name, as files name it.
 *
 * @param name name and version, such as `sq8/1`
 * @throws OmenError `unknown_quantizer`, saying which package is missing
 */
export function findQuantizer(name: string, quantizers: readonly Quantizer[]): Quantizer {
  const found = quantizers.find((quantizer) => quantizer.name === name)
  if (found) return found
  const [family = ''] = name.split('/')
  const home = Object.hasOwn(PACKAGES, family) ? `: it is in ${PACKAGES[family]}` : ''
  const known = quantizers.map((quantizer) => quantizer.name).join(', ') || 'none at all'
  throw new OmenError(
    'unknown_quantizer',
    `quantizer ${JSON.stringify(name)} is needed and was not given${home}; given were ${known}`,
  )
}
