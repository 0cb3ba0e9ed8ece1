import type { SegmentInfo } from '@omen/client'

/** Share of the vectors of a field that a graph finds; 1 when there are none. The others are compared one by one. */
export function linkedShare(segments: readonly SegmentInfo[], field: string): number {
  let vectors = 0
  let linked = 0
  for (const { fields } of segments) {
    vectors += fields[field]?.vectors ?? 0
    linked += fields[field]?.linked ?? 0
  }
  return vectors === 0 ? 1 : linked / vectors
}

/** Parts of something with their bytes, the largest first, those too small to be seen together. */
export function largestParts(
  bytes: Readonly<Record<string, number>>,
  most: number,
): { readonly name: string; readonly size: number }[] {
  const parts = Object.entries(bytes)
    .filter(([name, size]) => name !== 'total' && size > 0)
    .map(([name, size]) => ({ name, size }))
    .sort((a, b) => b.size - a.size)
  if (parts.length <= most) return parts
  const rest = parts.slice(most - 1)
  return [
    ...parts.slice(0, most - 1),
    { name: 'all else', size: rest.reduce((sum, { size }) => sum + size, 0) },
  ]
}
