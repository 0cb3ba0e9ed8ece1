import { TEXT_PAGE_BYTES, TextColumn, type TextColumnParts } from '@omen/core'
import { columnOf } from '@omen/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accelerator, loadError } from './accelerator.ts'

const native = accelerator()

function both(parts: TextColumnParts, rows: Uint32Array): (string | undefined)[] {
  return [new TextColumn(parts, native).join(rows), new TextColumn(parts, undefined).join(rows)]
}

describe.skipIf(!native)(`texts, by the addon (${loadError() ?? 'it is there'})`, () => {
  test('are put together as TypeScript does it, whatever bytes they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 90 })), {
          maxLength: 40,
        }),
        fc.array(fc.nat(41), { maxLength: 30 }),
        fc.option(fc.nat(), { nil: undefined }),
        (texts, rows, bits) => {
          const parts = columnOf(texts)
          const sound = bits === undefined ? undefined : Uint32Array.of(bits)
          const [own, twin] = both({ ...parts, sound }, Uint32Array.from(rows))
          expect(own).toBe(twin)
        },
      ),
      { numRuns: 400, examples: [[[''], [0, 0], undefined]] },
    )
  })

  test('are refused like those of TypeScript where their places are damaged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 20 }),
        fc.nat(9),
        (words, row) => {
          const ends = Uint32Array.from(words.slice(0, words.length & ~1))
          const [own, twin] = both({ bytes: Buffer.from('0123456789abcdefghij'), ends }, Uint32Array.of(row))
          expect(own).toBe(twin)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('are read from pages that may be read alone, more rows than a few, and no megabytes at once', () => {
    const texts = Array.from({ length: 3000 }, (_, i) => `${i}`.padStart(9 + (i % 300), '.'))
    const parts = columnOf(texts)
    const pages = Math.ceil(parts.bytes.length / TEXT_PAGE_BYTES)
    const sound = new Uint32Array(Math.ceil(pages / 32)).fill(0xffffffff)
    const all = Uint32Array.from(texts.keys())
    expect(new TextColumn({ ...parts, sound }, native).join(all)).toBe(`[${texts.join()}]`)
    sound[1] = 0xfffffffe
    const [own, twin] = [native, undefined].map((by) => {
      const column = new TextColumn({ ...parts, sound }, by)
      return Array.from(all, (row) => column.join(Uint32Array.of(row)))
    })
    expect(own).toEqual(twin)
    expect(own?.filter((text) => text === undefined).length).toBeGreaterThan(10)
    expect(
      new TextColumn(parts, native).join(Uint32Array.from({ length: 30_000 }, () => 299)),
    ).toBeUndefined()
  })
})
