import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameOf, readFrames, readLines, type StreamItem } from './streams.ts'

const text = new TextDecoder()
const utf8 = new TextEncoder()

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function texts(items: AsyncIterable<StreamItem>): Promise<(string | undefined)[]> {
  const read: (string | undefined)[] = []
  for await (const { line, bytes } of items) {
    read.push(bytes && text.decode(bytes))
    expect(line).toBe(read.length)
  }
  return read
}

const documents = fc.array(fc.string({ unit: 'grapheme' }).map((each) => each.replaceAll('\n', '')))
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })

test('a stream is read as it was written, wherever the network cuts it', async () => {
  await fc.assert(
    fc.asyncProperty(documents, sizes, async (given, pieces) => {
      const lines = utf8.encode(given.map((each) => `${each}\n`).join(''))
      expect(await texts(readLines(cut(lines, pieces), 1000))).toEqual(given)
      const frames = new Uint8Array(given.flatMap((each) => [...frameOf(utf8.encode(each))]))
      expect(await texts(readFrames(cut(frames, pieces), 1000))).toEqual(given)
    }),
    { numRuns: 500 },
  )
})

test('the last line need not end', async () => {
  expect(await texts(readLines(cut(utf8.encode('a\n\nb'), [2]), 9))).toEqual(['a', '', 'b'])
})

test('a line that is too long is left out, and what comes behind it is read', async () => {
  expect(await texts(readLines(cut(utf8.encode('aaaaaaaaaaaaaaaaa\nb\naaaaaaaaaaaaaaa'), [3]), 8))).toEqual([
    undefined,
    'b',
    undefined,
  ])
})

test('a frame that is too long is refused before memory is taken for it', async () => {
  const huge = Uint8Array.of(255, 255, 255, 255)
  await expect(texts(readFrames(cut(huge, [4]), 1000))).rejects.toMatchObject({ code: 'too_large' })
})

test.each([1, 3, 5])('a stream of frames cut after %i bytes is refused', async (end) => {
  const bytes = frameOf(utf8.encode('ab')).subarray(0, end)
  await expect(texts(readFrames(cut(bytes, [2]), 1000))).rejects.toMatchObject({ code: 'invalid_argument' })
})
