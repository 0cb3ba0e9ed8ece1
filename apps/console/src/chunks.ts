/** The pieces of a stream of bytes, for browsers in which streams cannot be iterated. */
export async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    // Whoever stops in the middle wants no more of it.
    await reader.cancel().catch(() => undefined)
  }
}
