import { mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OmenError } from '../errors.ts'
import { FlatIndex } from '../flat.ts'
import type { Section } from '../vector-index.ts'
import { corruptFile, fileError } from './file-error.ts'
import { openFlat, openSectionFile, saveFlat, writeSectionFile } from './index.ts'
import { BLOCK_BYTES } from './parts.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-sections-'))
})
afterAll(() => rm(folder, { recursive: true }))

const section = (name: string, ...parts: Uint8Array[]): Section => ({
  name,
  sizeBytes: parts.reduce((sum, part) => sum + part.length, 0),
  parts: () => parts,
})

const randomBytes = (length: number, seed = length): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24)

async function readAll(path: string): Promise<{ metadata: unknown; sections: Map<string, Uint8Array> }> {
  const file = await openSectionFile(path)
  try {
    const sections = new Map<string, Uint8Array>()
    for (const [name, stored] of file.sections) {
      const bytes = new Uint8Array(stored.sizeBytes)
      await stored.readInto([bytes])
      sections.set(name, bytes)
    }
    return { metadata: file.metadata, sections }
  } finally {
    await file.close()
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return error instanceof OmenError ? error.code : `not an OmenError: ${String(error)}`
  }
}

describe('a section file', () => {
  test('gives back what was written, whatever the sizes and names', async () => {
    const path = join(folder, 'property')
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
        fc.uniqueArray(
          fc.tuple(
            fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
            fc.uint8Array({ maxLength: 300 }),
          ),
          {
            selector: ([name]) => name,
            maxLength: 6,
          },
        ),
        async (metadata, contents) => {
          await writeSectionFile(
            path,
            metadata,
            contents.map(([name, bytes]) => section(name, bytes)),
          )
          const read = await readAll(path)
          expect(read.metadata).toEqual(JSON.parse(JSON.stringify(metadata)))
          expect([...read.sections].map(([name, bytes]) => [name, [...bytes]]).sort()).toEqual(
            contents.map(([name, bytes]) => [name, [...bytes]]).sort(),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  test('holds parts of any size, larger than a block too, read into other parts', async () => {
    const path = join(folder, 'parts')
    const large = randomBytes(2 * BLOCK_BYTES + 17)
    await writeSectionFile(path, {}, [
      section('a', new Uint8Array(0), large, randomBytes(3)),
      section('empty'),
    ])
    const file = await openSectionFile(path)
    const [first, second] = [new Uint8Array(BLOCK_BYTES + 5), new Uint8Array(BLOCK_BYTES + 15)]
    await file.sections.get('a')?.readInto([first, second])
    await file.sections.get('empty')?.readInto([])
    await file.close()
    expect(Buffer.compare(Buffer.concat([first, second]), Buffer.concat([large, randomBytes(3)]))).toBe(0)
  })

  test('aligns sections to 64 bytes, to be mapped', async () => {
    const path = join(folder, 'aligned')
    const [a, b] = [randomBytes(70, 1), randomBytes(100, 2)]
    await writeSectionFile(path, { x: 1 }, [section('a', a), section('b', b)])
    const bytes = await readFile(path)
    expect(bytes.length % 64).toBe(0)
    expect(bytes.indexOf(a) % 64).toBe(0)
    expect(bytes.indexOf(b) % 64).toBe(0)
  })

  test('reads concurrently, and no more once closed', async () => {
    const path = join(folder, 'concurrent')
    await writeSectionFile(path, {}, [section('a', randomBytes(3_000_000)), section('b', randomBytes(50))])
    const file = await openSectionFile(path)
    const [a, a2, b] = [new Uint8Array(3_000_000), new Uint8Array(3_000_000), new Uint8Array(50)]
    const [first, second] = [file.sections.get('a'), file.sections.get('b')]
    await Promise.all([first?.readInto([a]), first?.readInto([a2]), second?.readInto([b])])
    expect(Buffer.compare(a, a2)).toBe(0)
    expect(await codeOf(first?.readInto([a.subarray(1)]) ?? Promise.resolve())).toBe('invalid_argument')
    await file.close()
    await file.close()
    expect(await codeOf(first?.readInto([a]) ?? Promise.resolve())).toBe('closed')
  })
})

describe('damage', () => {
  const metadata = { kind: 'test/1', rows: 3 }
  const contents = [
    section('first', randomBytes(70, 1)),
    section('none'),
    section('third', randomBytes(64, 3)),
  ]

  /** Every outcome of reading a damaged copy must be `corrupt_index`, and name the file and a place in it. */
  async function expectCorrupt(path: string, what: string): Promise<void> {
    try {
      await readAll(path)
    } catch (error) {
      if (error instanceof OmenError && error.code === 'corrupt_index') {
        if (error.message.includes(path) && /at byte \d+/.test(error.message)) return
      }
      throw new Error(`${what}: ${String(error)}`, { cause: error })
    }
    throw new Error(`${what} went unnoticed`)
  }

  test('truncated at every byte: corrupt_index', async () => {
    const path = join(folder, 'truncated')
    await writeSectionFile(path, metadata, contents)
    const { length } = await readFile(path)
    expect(length).toBeGreaterThan(300)
    for (let size = length - 1; size >= 0; size--) {
      await truncate(path, size)
      await expectCorrupt(path, `cutting the file to ${size} bytes`)
    }
  })

  test('extended: corrupt_index', async () => {
    const path = join(folder, 'extended')
    await writeSectionFile(path, metadata, contents)
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(64)]))
    await expectCorrupt(path, 'appending 64 bytes')
  })

  test('one bit flipped, every bit of every byte: corrupt_index', async () => {
    const path = join(folder, 'flipped')
    await writeSectionFile(path, metadata, contents)
    const good = await readFile(path)
    const file = await open(path, 'r+')
    for (const [at, byte] of good.entries()) {
      for (let bit = 0; bit < 8; bit++) {
        await file.write(Uint8Array.of(byte ^ (1 << bit)), 0, 1, at)
        await expectCorrupt(path, `flipping bit ${bit} of byte ${at}`)
      }
      await file.write(Uint8Array.of(byte), 0, 1, at)
    }
    await file.close()
    expect((await readAll(path)).metadata).toEqual(metadata)
  })

  test('two sections exchanged on disk: corrupt_index', async () => {
    const path = join(folder, 'exchanged')
    const [a, b] = [randomBytes(64, 1), randomBytes(64, 2)]
    await writeSectionFile(path, {}, [section('a', a), section('b', b)])
    const bytes = await readFile(path)
    const at = bytes.indexOf(a)
    bytes.set(b, at)
    bytes.set(a, at + 64)
    await writeFile(path, bytes)
    await expectCorrupt(path, 'exchanging sections')
  })

  test('a file of something else: corrupt_index', async () => {
    const path = join(folder, 'text')
    await writeFile(path, 'Call me Ishmael. '.repeat(20))
    await expectCorrupt(path, 'reading a novel')
  })
})

describe('writing', () => {
  test('refuses what the format cannot hold', async () => {
    const path = join(folder, 'refused')
    const cases: Section[][] = [
      [section('twice'), section('twice')],
      [section('')],
      [section('x'.repeat(256))],
      [{ name: 'short', sizeBytes: 10, parts: () => [new Uint8Array(9)] }],
      [{ name: 'long', sizeBytes: 10, parts: () => [new Uint8Array(9), new Uint8Array(2)] }],
      [{ name: 'negative', sizeBytes: -1, parts: () => [] }],
    ]
    for (const sections of cases) {
      expect(await codeOf(writeSectionFile(path, {}, sections))).toBe('invalid_argument')
    }
    expect(await codeOf(openSectionFile(path))).toBe('not_found')
  })

  test('without the folder: not_found; onto a folder: io', async () => {
    expect(await codeOf(writeSectionFile(join(folder, 'nowhere', 'x'), {}, []))).toBe('not_found')
    await mkdir(join(folder, 'occupied', 'by'), { recursive: true })
    expect(await codeOf(writeSectionFile(join(folder, 'occupied'), {}, []))).toBe('io')
  })

  test('that fails or is aborted leaves the old file and no other', async () => {
    const own = join(folder, 'own')
    await mkdir(own)
    const path = join(own, 'x')
    await writeSectionFile(path, { version: 1 }, [section('a', randomBytes(10))])
    const failing = { name: 'a', sizeBytes: 10, parts: () => [new Uint8Array(1)] }
    expect(await codeOf(writeSectionFile(path, { version: 2 }, [failing]))).toBe('invalid_argument')
    const controller = new AbortController()
    const large = section('a', randomBytes(3 * BLOCK_BYTES))
    const aborted = writeSectionFile(path, { version: 3 }, [large], {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    expect(await codeOf(aborted)).toBe('aborted')
    expect(await readdir(own)).toEqual(['x'])
    expect((await readAll(path)).metadata).toEqual({ version: 1 })
  })

  test('replaces a file that is being read, whose reader goes on with the old one', async () => {
    const path = join(folder, 'replaced')
    await writeSectionFile(path, {}, [section('a', randomBytes(100, 1))])
    const file = await openSectionFile(path)
    await writeSectionFile(path, {}, [section('a', randomBytes(100, 2))])
    const bytes = new Uint8Array(100)
    await file.sections.get('a')?.readInto([bytes])
    await file.close()
    expect([...bytes]).toEqual([...randomBytes(100, 1)])
  })

  test('reports progress in bytes, ever rising, up to the end', async () => {
    const seen: number[] = []
    const path = join(folder, 'progress')
    const sections = [section('a', randomBytes(BLOCK_BYTES * 2 + 1)), section('b', randomBytes(10))]
    const totals = new Set<number>()
    await writeSectionFile(path, {}, sections, {
      onProgress: ({ done, total }) => {
        totals.add(total)
        seen.push(done)
      },
    })
    const { length } = await readFile(path)
    expect([...totals]).toEqual([length])
    expect(seen.length).toBeGreaterThan(4)
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
    expect(seen.at(-1)).toBe(length)
  })
})

describe('errors of the file system', () => {
  test.each([
    ['ENOENT', 'not_found'],
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['EIO', 'io'],
    ['__proto__', 'io'],
  ])('%s becomes %s', (code, expected) => {
    const error = fileError(Object.assign(new Error('no'), { code }), 'write', '/some/file')
    expect(error.code).toBe(expected)
    expect(error.message).toContain('/some/file')
    expect(error.cause).toBeInstanceOf(Error)
  })

  test('leave an OmenError as it is', () => {
    const error = corruptFile('f', 1, 'why')
    expect(fileError(error, 'read', 'f')).toBe(error)
  })
})

describe('a flat index in a file', () => {
  test('of another kind is refused', async () => {
    const path = join(folder, 'kind')
    await writeSectionFile(path, { kind: 'hnsw/1' }, [])
    expect(await codeOf(openFlat(path))).toBe('corrupt_index')
  })

  test('whose quantizer is missing names the package', async () => {
    const path = join(folder, 'quantizer')
    const index = new FlatIndex({ dimension: 2, metric: 'l2' })
    await saveFlat(index, path)
    const metadata = { kind: 'flat/1', dimension: 2, metric: 'l2', quantizer: 'sq8/1', rows: 0 }
    await writeSectionFile(path, metadata, [section('live')])
    await expect(openFlat(path)).rejects.toThrow('@omen/quant')
    expect(await codeOf(openFlat(path))).toBe('unknown_quantizer')
  })

  test.each([
    ['rows', { rows: -1 }],
    ['rows', { rows: '3' }],
    ['metric', { metric: 'manhattan' }],
    ['dimension', { dimension: 0 }],
    ['quantizer', { quantizer: 7 }],
    ['sections', { rows: 100 }],
  ])('with impossible %s is refused: %o', async (_, change) => {
    const path = join(folder, 'impossible')
    const index = new FlatIndex({ dimension: 2, metric: 'l2' })
    await index.add(Float32Array.of(1, 2, 3, 4))
    await index.save(({ metadata, sections }) => writeSectionFile(path, { ...metadata, ...change }, sections))
    expect(await codeOf(openFlat(path))).toBe('corrupt_index')
  })
})
