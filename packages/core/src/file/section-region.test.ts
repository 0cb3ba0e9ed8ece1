import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { OmenError } from '../errors.ts'
import { MemoryStorage } from '../memory-storage.ts'
import type { Region } from '../storage.ts'
import type { Section } from '../vector-index.ts'
import { openSectionRegion, type SectionFile, sectionFileParts, writeSectionFile } from './index.ts'
import { BLOCK_BYTES } from './parts.ts'

const bytesOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24)
const section = (name: string, ...parts: Uint8Array[]): Section => ({
  name,
  sizeBytes: parts.reduce((sum, part) => sum + part.length, 0),
  parts: () => parts,
})
const SECTIONS = [section('first', bytesOf(70, 1)), section('none'), section('third', bytesOf(64, 3))]

async function stored(sections: readonly Section[]): Promise<Uint8Array> {
  const { sizeBytes, parts } = await sectionFileParts({ kind: 'test/1' }, sections)
  const bytes = Buffer.concat([...parts])
  expect(bytes.length).toBe(sizeBytes)
  return Uint8Array.from(bytes)
}

/** A region over bytes as they are: mapped, or to be read. */
function regionOf(bytes: Uint8Array, mapped: boolean): Region & { readonly closed: () => boolean } {
  let closed = false
  return {
    sizeBytes: bytes.length,
    mapped: mapped ? bytes : undefined,
    readInto: async (target, offset) => target.set(bytes.subarray(offset, offset + target.length)),
    close: async () => {
      closed = true
    },
    closed: () => closed,
  }
}

async function outcomeOf(open: () => Promise<SectionFile>): Promise<string> {
  try {
    const file = await open()
    for (const each of file.sections.values()) await each.verify()
    return 'whole'
  } catch (error) {
    return error instanceof OmenError ? error.code : String(error)
  }
}

test('the parts are the bytes of the file that writeSectionFile writes, and can be walked through twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'omen-parts-'))
  const path = join(folder, 'file')
  const sections = [section('large', bytesOf(BLOCK_BYTES + 5, 2), new Uint8Array(0)), ...SECTIONS]
  const { parts } = await sectionFileParts({ kind: 'test/1' }, sections)
  await writeSectionFile(path, { kind: 'test/1' }, sections)
  const file = await readFile(path)
  for (let round = 0; round < 2; round++) expect(Buffer.compare(Buffer.concat([...parts]), file)).toBe(0)
  for (const part of parts) expect(part.length).toBeLessThanOrEqual(BLOCK_BYTES)
  await rm(folder, { recursive: true })
})

describe.each([
  ['mapped', true],
  ['read', false],
])('a region that is %s', (_, mapped) => {
  test('gives its sections, and lets go of them', async () => {
    const region = regionOf(await stored(SECTIONS), mapped)
    const file = await openSectionRegion(region, 'here')
    for (const { name, sizeBytes, parts } of SECTIONS) {
      const found = file.sections.get(name)
      const bytes = new Uint8Array(sizeBytes)
      await found?.readInto([bytes])
      expect([...bytes]).toEqual([...Buffer.concat([...parts()])])
      expect(found?.mapped && [...found.mapped]).toEqual(mapped ? [...bytes] : undefined)
      await found?.verify()
    }
    await file.close()
    expect(region.closed()).toBe(true)
    await expect(file.sections.get('first')?.verify()).rejects.toMatchObject({ code: 'closed' })
  })

  test('tells every flipped bit and every cut, and is closed where it cannot be opened', async () => {
    const good = await stored(SECTIONS)
    expect(await outcomeOf(() => openSectionRegion(regionOf(good, mapped), 'good'))).toBe('whole')
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Uint8Array.from(good)
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(await outcomeOf(() => openSectionRegion(regionOf(bad, mapped), 'bad'))).toBe('corrupt_index')
    }
    for (let size = 0; size < good.length; size++) {
      const region = regionOf(good.slice(0, size), mapped)
      expect(await outcomeOf(() => openSectionRegion(region, 'cut'))).toBe('corrupt_index')
      expect(region.closed()).toBe(true)
    }
  })
})

test('goes through a storage backend, where sections begin at multiples of 64', async () => {
  const storage = new MemoryStorage()
  await storage.writeOnce('file', (await sectionFileParts({}, SECTIONS)).parts)
  const file = await openSectionRegion(await storage.read('file'), 'file')
  const { mapped } = file.sections.get('third') ?? {}
  expect((mapped?.byteOffset ?? 1) % 64).toBe(0)
  expect([...(mapped ?? [])]).toEqual([...bytesOf(64, 3)])
})

test('stops hashing when aborted', async () => {
  const controller = new AbortController()
  controller.abort()
  const parts = sectionFileParts({}, SECTIONS, { signal: controller.signal })
  await expect(parts).rejects.toMatchObject({ code: 'aborted' })
})
