/** Queries of as many searches as are likely to run at once. */
const MOST_IDLE = 64
const idle: Float32Array[] = []

/**
 * Memory for one query, whatever was in it: that of a search that is over, where there is one. To allocate it takes longer than
 * to fill it.
 */
export function takeQuery(dimension: number): Float32Array {
  const query = idle.pop()
  return query?.length === dimension ? query : new Float32Array(dimension)
}

/** @param query of a search that ended well; of one that failed somebody may still read */
export function giveBackQuery(query: Float32Array): void {
  if (idle.length < MOST_IDLE) idle.push(query)
}
