/** A line of a text, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly bytes: Buffer
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf)

/** The lines of a stream of bytes; memory is taken for the longest of them. */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
  read: (sizeBytes: number) => void,
): AsyncGenerator<Line, void, undefined> {
  let rest: Buffer[] = []
  let number = 0
  for await (const chunk of stream) {
    read(chunk.length)
    let from = 0
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      yield { number: ++number, bytes: lineOf([...rest, chunk.subarray(from, at)], number) }
      rest = []
      from = at + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (rest.length > 0) yield { number: ++number, bytes: lineOf(rest, number) }
}

function lineOf(parts: readonly Buffer[], number: number): Buffer {
  const [first = Buffer.alloc(0)] = parts
  const bytes = parts.length === 1 ? first : Buffer.concat(parts)
  const start = number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0
  return bytes.subarray(start, bytes.at(-1) === CARRIAGE_RETURN ? -1 : undefined)
}
