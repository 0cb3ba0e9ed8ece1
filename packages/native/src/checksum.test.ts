import { MemoryStorage } from '@omen/core'
import { openSectionRegion, sectionFileParts } from '@omen/core/file'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accelerator, loadError } from './accelerator.ts'

const native = accelerator()

/** Bytes that no two places have alike. */
function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24)
}

describe.skipIf(!native)(`bytes, by the addon (${loadError() ?? 'it is there'})`, () => {
  test('the checksum is that of TypeScript, whatever the pieces it is fed in', async () => {
    const LEAST = 2 ** 16
    await fc.assert(
      fc.asyncProperty(
        fc.nat(5000),
        fc.array(fc.nat(3000), { maxLength: 20 }),
        fc.nat(),
        async (more, cuts, seed) => {
          const bytes = bytesOf(LEAST + more, seed)
          const parts: Uint8Array[] = []
          let from = 0
          for (const cut of cuts) {
            parts.push(bytes.subarray(from, from + cut))
            from += cut
          }
          parts.push(bytes.subarray(from))
          const sections = [{ name: 'a', sizeBytes: bytes.length, parts: () => parts }]
          const file = async (by: typeof native): Promise<Buffer> =>
            Buffer.concat([...(await sectionFileParts({}, sections, { accelerator: by })).parts])
          expect(Buffer.compare(await file(native), await file(undefined))).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  test.each([241, 255, 256, 257, 1023, 1024, 1025, 1088, 4096])(
    'of %i bytes it is the same in one piece and byte by byte',
    async (length) => {
      const bytes = bytesOf(length, 3)
      const [whole, pieces] = [native?.createChecksum(), native?.createChecksum()]
      await whole?.update(bytes)
      for (let i = 0; i < length; i++) await pieces?.update(bytes.subarray(i, i + 1))
      expect(pieces?.value()).toBe(whole?.value())
      expect(whole?.value()).toBeTypeOf('bigint')
    },
  )

  test('so few bytes that they are hashed otherwise are refused', async () => {
    const checksum = native?.createChecksum()
    await checksum?.update(bytesOf(240, 1))
    expect(() => checksum?.value()).toThrow(RangeError)
  })

  test('a mapped section is verified by it, and damage is told', async () => {
    const bytes = bytesOf(5_000_000, 2)
    const storage = new MemoryStorage()
    const sections = [{ name: 'a', sizeBytes: bytes.length, parts: () => [bytes] }]
    await storage.writeOnce('whole', (await sectionFileParts({}, sections)).parts)
    const region = await storage.read('whole')
    const file = await openSectionRegion(region, 'whole', { accelerator: native })
    await file.sections.get('a')?.verify()
    const { mapped } = region
    if (mapped) mapped[4_999_999] = (mapped[4_999_999] ?? 0) ^ 1
    await expect(file.sections.get('a')?.verify()).rejects.toMatchObject({ code: 'corrupt_index' })
  })

  test('copies bytes, and refuses room of another size', async () => {
    const bytes = bytesOf(100_001, 4)
    const target = new Uint8Array(100_001)
    await native?.copy(bytes, target)
    expect(Buffer.compare(target, bytes)).toBe(0)
    expect(() => native?.copy(bytes, target.subarray(1))).toThrow(RangeError)
  })
})
