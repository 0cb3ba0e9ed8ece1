import { roundUp } from './none.ts'

/** The share of padding that whole cache lines are worth. */
const WORTHWHILE = 1.125

/**
 * Bytes that a row of codes takes: rounded up to whole cache lines of 64 bytes where that costs at most an eighth, so
 * that no row straddles one line more than it must; else to a multiple of 4.
 */
export function rowBytes(codeBytes: number): number {
  const lines = roundUp(codeBytes, 64)
  return lines <= codeBytes * WORTHWHILE ? lines : roundUp(codeBytes, 4)
}
