import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowTexts } from './row-texts.ts'

test('texts of every length and alphabet come back, over the ends of chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 900 })), {
        maxLength: 60,
      }),
      (parts) => {
        const given = parts.map(([text, times]) => text.repeat(times))
        const texts = new RowTexts()
        for (const text of given) texts.push(text)
        expect(texts.length).toBe(given.length)
        for (const [row, text] of given.entries()) expect(Buffer.from(texts.get(row)).toString()).toBe(text)
        expect(() => texts.get(given.length)).toThrow(expect.objectContaining({ code: 'unknown_row' }))
      },
    ),
  )
})

test('few texts take few bytes, and many little more than they are', () => {
  const texts = new RowTexts()
  texts.push('a'.repeat(100))
  expect(texts.sizeBytes).toBeLessThan(2048)
  for (let i = 1; i < 20_000; i++) texts.push('a'.repeat(100))
  expect(texts.sizeBytes).toBeLessThan(20_000 * 100 * 1.75)
})
