import { OmenError } from '@omen/core'
import type { LimitsConfig } from '../config/config.ts'

/**
 * Checks how large a filter is, before anything looks at what it says.
 *
 * @throws OmenError `invalid_argument`
 */
export function checkFilterSize(where: unknown, limits: LimitsConfig): void {
  if (where === undefined) return
  const { filterDepth, filterNodes } = limits
  let nodes = 0
  const visit = (value: unknown, depth: number): void => {
    if (++nodes > filterNodes) {
      throw new OmenError(
        'invalid_argument',
        `a filter has at most ${filterNodes} conditions and values here`,
      )
    }
    if (typeof value !== 'object' || value === null) return
    // Lists of filters and values are no levels of their own.
    const level = Array.isArray(value) ? depth : depth + 1
    if (level > filterDepth) {
      throw new OmenError('invalid_argument', `a filter is at most ${filterDepth} levels deep here`)
    }
    for (const inner of Object.values(value)) visit(inner, level)
  }
  visit(where, 0)
}
