import { expect, test } from 'vitest'
import { hashBytes } from './id-table.ts'

const hash = (text: string): number => {
  const bytes = new TextEncoder().encode(`--${text}-`)
  return hashBytes(bytes, 2, bytes.length - 1)
}

test('the hash is MurmurHash3 with 32 bits, as files will have it forever', () => {
  expect(hash('')).toBe(0)
  expect(hash('test')).toBe(0xba6bd213)
  expect(hash('Hello, world!')).toBe(0xc0363e43)
  expect(hash('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723)
})
