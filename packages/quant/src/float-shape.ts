import { checkShape, OmenError, type Shape } from '@omen/core'

/**
 * Checks that a quantizer of floats has codes for a shape.
 *
 * @throws OmenError `unsupported` under `hamming`; as `checkShape` does
 */
export function checkFloatShape(name: string, shape: Shape): void {
  checkShape(shape)
  if (shape.metric === 'hamming') {
    throw new OmenError('unsupported', `${name} stores floats: it has no codes for hamming`)
  }
}
