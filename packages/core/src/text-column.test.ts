import { describe, expect, test } from 'vitest'
import { columnOf } from './testing/text-columns.ts'
import { TEXT_PAGE_BYTES, TextColumn } from './text-column.ts'

describe('a column of texts', () => {
  test('gives those of rows as one, in the order they are asked for', () => {
    const column = new TextColumn(columnOf(['{"a":1}', '', '"ü"', '7']), undefined)
    expect(column.join(Uint32Array.of(3, 0, 2, 0))).toBe('[7,{"a":1},"ü",{"a":1}]')
    expect(column.join(Uint32Array.of(1))).toBe('[]')
    expect(column.join(new Uint32Array())).toBe('[]')
  })

  test('gives nothing where a row is not there, or where its text lies cannot be', () => {
    const parts = columnOf(['a', 'b', 'c'])
    expect(new TextColumn(parts, undefined).join(Uint32Array.of(0, 3))).toBeUndefined()
    const backwards = { ...parts, ends: Uint32Array.of(1, 0, 0, 0, 3, 0) }
    expect(new TextColumn(backwards, undefined).join(Uint32Array.of(1))).toBeUndefined()
    const beyond = { ...parts, ends: Uint32Array.of(1, 0, 2, 0, 3, 1) }
    expect(new TextColumn(beyond, undefined).join(Uint32Array.of(2))).toBeUndefined()
    expect(new TextColumn(beyond, undefined).join(Uint32Array.of(1))).toBe('[b]')
  })

  test('reads no page that may not be read, and each as soon as it may', () => {
    const texts = Array.from({ length: 300 }, (_, i) => 'x'.repeat(100) + i)
    const sound = new Uint32Array(1)
    const parts = { ...columnOf(texts), sound }
    const column = new TextColumn(parts, undefined)
    const across = texts.findIndex((_, row) => (parts.ends[row * 2] as number) > TEXT_PAGE_BYTES)
    expect(column.join(Uint32Array.of(0))).toBeUndefined()
    sound[0] = 1
    expect(column.join(Uint32Array.of(0, across - 1))).toBe(`[${texts[0]},${texts[across - 1]}]`)
    expect(column.join(Uint32Array.of(across))).toBeUndefined()
    sound[0] = 3
    expect(column.join(Uint32Array.of(across))).toBe(`[${texts[across]}]`)
    expect(column.join(Uint32Array.of(299))).toBeUndefined()
  })
})
