/** Vectors stand at most so deep in what the server answers: results, hits, a hit, its field. */
const VECTOR_DEPTH = 6

/**
 * A document of ours as JSON: vectors as arrays of numbers, dates as ISO 8601. It trusts what it is given, which
 * `encodeJson` of @omen/wire does not, and looks for nothing but vectors.
 *
 * @param document ours to change
 */
export function jsonReply(document: unknown): string {
  return JSON.stringify(withoutVectors(document, VECTOR_DEPTH))
}

function withoutVectors(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth === 0) return value
  if (value instanceof Float32Array) return Array.from(value)
  if (Array.isArray(value)) {
    for (const each of value) withoutVectors(each, depth - 1)
    return value
  }
  const fields = value as Record<string, unknown>
  for (const name in fields) {
    const field = fields[name]
    if (typeof field === 'object' && field !== null) {
      const plain = withoutVectors(field, depth - 1)
      if (plain !== field) fields[name] = plain
    }
  }
  return value
}
