import type { TextColumnParts } from '../text-column.ts'

/** A column of texts, or of bytes that need not be UTF-8. */
export function columnOf(texts: readonly (string | Uint8Array)[]): TextColumnParts {
  const blocks = texts.map((text) => (typeof text === 'string' ? new TextEncoder().encode(text) : text))
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0))
  const ends = new Uint32Array(texts.length * 2)
  let end = 0
  for (const [row, block] of blocks.entries()) {
    bytes.set(block, end)
    end += block.length
    ends[row * 2] = end
  }
  return { bytes, ends }
}
