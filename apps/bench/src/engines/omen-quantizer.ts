import { OmenError, type Quantizer } from '@omen/core'
import { quantizers } from '@omen/quant'

/**
 * The quantizer that a workload names without its version, such as `sq8`.
 *
 * @throws OmenError `unknown_quantizer`
 */
export function omenQuantizer(name: string): Quantizer {
  const known = quantizers()
  const found = known.find((quantizer) => quantizer.name.split('/')[0] === name)
  if (found) return found
  const names = known.map((quantizer) => quantizer.name.split('/')[0]).join(', ')
  throw new OmenError('unknown_quantizer', `there is no quantizer ${name}; there are ${names}`)
}
