import { roundUp } from '@omen/core'

/** The share of padding that whole cache lines are worth to codes of a few bits a component, which a search reads most. */
const PACKED_WORTHWHILE = 1.3

/**
 * Bytes that a row of packed codes takes: as `rowBytes`, but whole cache lines already where they cost at most three
 * tenths. A row of 50 bytes at any address lies in two lines more often than not, and loading them is what a search waits for.
 */
export function packedRowBytes(codeBytes: number): number {
  const lines = roundUp(codeBytes, 64)
  return lines <= codeBytes * PACKED_WORTHWHILE ? lines : roundUp(codeBytes, 4)
}
