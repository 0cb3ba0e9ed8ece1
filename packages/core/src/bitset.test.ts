import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bitset, populationCount } from './bitset.ts'

const LENGTH = 200
const anySet = fc
  .tuple(fc.nat({ max: LENGTH }), fc.array(fc.nat({ max: LENGTH - 1 })))
  .map(([length, rows]) => ({ length, rows: new Set(rows.filter((row) => row < length)) }))

const bitsetOf = ({ length, rows }: { length: number; rows: Set<number> }): Bitset =>
  Bitset.fromRows(rows, length)
const sorted = (rows: Iterable<number>): number[] => [...rows].sort((a, b) => a - b)

describe('a bitset', () => {
  test('equals a set of numbers under all operations', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const both = [...a.rows].filter((row) => b.rows.has(row))
        const onlyFirst = [...a.rows].filter((row) => !b.rows.has(row))
        const others = Array.from({ length: a.length }, (_, row) => row).filter((row) => !a.rows.has(row))
        expect([...bitsetOf(a)]).toEqual(sorted(a.rows))
        expect(bitsetOf(a).count()).toBe(a.rows.size)
        expect([...bitsetOf(a).and(bitsetOf(b))]).toEqual(sorted(both))
        expect([...bitsetOf(a).andNot(bitsetOf(b))]).toEqual(sorted(onlyFirst))
        expect([...bitsetOf(a).or(bitsetOf(b))]).toEqual(sorted(new Set([...a.rows, ...b.rows])))
        expect(bitsetOf(a).or(bitsetOf(b)).length).toBe(Math.max(a.length, b.length))
        expect([...bitsetOf(a).not()]).toEqual(sorted(others))
      }),
    )
  })

  test('keeps its bits and gains clear ones when it grows', () => {
    fc.assert(
      fc.property(anySet, fc.array(fc.nat({ max: 3000 })), (a, lengths) => {
        const bitset = bitsetOf(a)
        for (const length of lengths) bitset.grow(length)
        expect(bitset.length).toBe(Math.max(a.length, ...lengths))
        expect([...bitset]).toEqual(sorted(a.rows))
        expect([...bitset.not()]).toHaveLength(bitset.length - a.rows.size)
      }),
    )
  })

  test('has no bits beyond its length in its words', () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.nat({ max: 100 }), (length, more) => {
        const bitset = Bitset.full(length)
        expect(bitset.words.reduce((sum, word) => sum + populationCount(word), 0)).toBe(length)
        bitset.grow(length + more)
        expect(bitset.count()).toBe(length)
        expect([...Bitset.fromWords(new Uint32Array(20).fill(0xffffffff), length)]).toEqual([
          ...Bitset.full(length),
        ])
      }),
    )
  })

  test('sets and clears single bits, the highest of a word too', () => {
    const bitset = new Bitset(64)
    for (const bit of [0, 31, 32, 63]) bitset.set(bit)
    expect([...bitset]).toEqual([0, 31, 32, 63])
    bitset.set(31)
    bitset.clear(32)
    bitset.clear(33)
    expect([...bitset]).toEqual([0, 31, 63])
  })

  test('copies words, and is copied by clone', () => {
    const words = Uint32Array.of(5)
    const bitset = Bitset.fromWords(words, 32)
    words[0] = 0
    const copy = bitset.clone()
    bitset.clear(0)
    expect([...copy]).toEqual([0, 2])
    expect([...bitset]).toEqual([2])
  })

  test('holds nothing outside its length', () => {
    const bitset = Bitset.full(40)
    for (const bit of [-1, 40, 63, 0.5, Number.NaN, 2 ** 32]) {
      expect(bitset.has(bit)).toBe(false)
      expect(() => bitset.set(bit)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
      expect(() => bitset.clear(bit)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
    }
    expect(() => Bitset.fromRows([3, 7], 7)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
    expect(Bitset.fromRows([3, 7]).length).toBe(8)
  })

  test.each([-1, 0.5, Number.NaN, 2 ** 32 + 1])('has no length of %d', (length) => {
    expect(() => new Bitset(length)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    expect(() => new Bitset().grow(length)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})

test('populationCount counts the bits of a word', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (word) => {
      expect(populationCount(word)).toBe(word.toString(2).replaceAll('0', '').length)
    }),
  )
})
