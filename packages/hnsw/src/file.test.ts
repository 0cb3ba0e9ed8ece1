import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHUNK_ROWS, type JsonObject, NO_ROW } from '@omen/core'
import type { SectionFile } from '@omen/core/file'
import { clusters } from '@omen/core/testing'
import { accelerator } from '@omen/native'
import { sq8 } from '@omen/quant'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHAINED_ROWS, ENTRY, HEAD_WORDS, ROOT } from './graph.ts'
import { Hnsw } from './hnsw.ts'
import { digests, imageOf } from './testing/sections.ts'

const data = clusters('l2', 500, 6, 1)
let folder: string
let path: string
let saved: Hnsw

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-hnsw-'))
  path = join(folder, 'saved.omen')
  saved = Hnsw.create({ ...data.shape, m: 4, beam: 20, quantizer: sq8() })
  await saved.add(data.vectors, { threads: 1 })
  await saved.remove([3, 5, 8, 13, 21, 34])
  await saved.compact()
  await saved.remove([100, 200])
  await saved.save(path)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const failing = (code: string): unknown => expect.objectContaining({ code })
const open = (): Promise<Hnsw> => Hnsw.open(path, { quantizers: [sq8()] })

test('techniques are switched off when it is opened', async () => {
  const switchedOff = await Hnsw.open(path, { quantizers: [sq8()], techniques: { pipeline: false } })
  const query = data.vectors.subarray(0, data.shape.dimension)
  expect(switchedOff.searchSync(query, { k: 5 }).rows).toEqual(saved.searchSync(query, { k: 5 }).rows)
  await switchedOff.close()
  await expect(
    Hnsw.open(path, { quantizers: [sq8()], techniques: { guessing: false } as object }),
  ).rejects.toMatchObject({ code: 'invalid_argument' })
})

describe('a saved index', () => {
  test('is the same byte for byte when opened, by either engine', async () => {
    for (const by of [null, accelerator() ?? null]) {
      const opened = await Hnsw.open(path, { quantizers: [sq8()], accelerator: by })
      expect(digests(opened.sections())).toEqual(digests(saved.sections()))
      expect(opened.stats()).toEqual({ ...saved.stats(), engine: by ? 'native' : 'typescript' })
      const expected = await saved.searchMany(data.queries, { k: 10 })
      const found = await opened.searchMany(data.queries, { k: 10 })
      expect(found.rows).toEqual(expected.rows)
      expect([...(await opened.add(data.vectors.subarray(0, 12)))]).toEqual([3, 5])
    }
  })

  test('grows on like the one that was saved', async () => {
    const opened = await open()
    const other = await open()
    const more = clusters('l2', 300, 6, 2).vectors
    for (const index of [opened, other]) await index.add(more, { threads: 1 })
    expect(digests(opened.sections())).toEqual(digests(other.sections()))
  })

  test('can be empty, or trained and empty', async () => {
    const empty = join(folder, 'empty.omen')
    for (const options of [{}, { training: data.vectors }]) {
      const index = Hnsw.create({ ...data.shape, quantizer: sq8(), m: 6, beam: 77, ...options })
      await index.save(empty)
      const opened = await Hnsw.open(empty, { quantizers: [sq8()] })
      expect([opened.size, opened.stats().m, opened.stats().beam]).toEqual([0, 6, 77])
      await opened.add(data.vectors)
      expect(opened.size).toBe(500)
    }
  })

  test('names the package of a quantizer that is missing', async () => {
    await expect(Hnsw.open(path)).rejects.toEqual(failing('unknown_quantizer'))
    await expect(Hnsw.open(path)).rejects.toThrow('@omen/quant')
  })

  test('holds what was there when its turn came, beside changes', async () => {
    const index = Hnsw.create(data.shape)
    const beside = join(folder, 'beside.omen')
    const [first] = await Promise.all([
      index.add(data.vectors.subarray(0, 600)),
      index.save(beside),
      index.add(data.vectors.subarray(600)),
      index.remove([0]),
    ])
    expect((await Hnsw.open(beside)).size).toBe(first.length)
    expect(index.size).toBe(499)
  })

  test('is no index when it is cut or a byte is not what was written', async () => {
    const bytes = await readFile(path)
    const damaged = join(folder, 'damaged.omen')
    const refuse = async (damage: Uint8Array): Promise<void> => {
      await writeFile(damaged, damage)
      await expect(Hnsw.open(damaged, { quantizers: [sq8()] })).rejects.toThrow(
        failing('corrupt_index') as Error,
      )
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damage = Uint8Array.from(bytes)
        damage[at] = (damage[at] as number) ^ change
        await refuse(damage)
      }),
      { numRuns: 60 },
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), (length) => refuse(bytes.subarray(0, length))),
      { numRuns: 20 },
    )
    await expect(Hnsw.open(join(folder, 'nothing'))).rejects.toEqual(failing('not_found'))
  })
})

describe('a file made by somebody else, its checksums right,', () => {
  /** The saved index with a change that no checksum tells. */
  function forged(
    change: (bytes: Map<string, Buffer>, metadata: Record<string, unknown>) => void,
  ): Promise<SectionFile> {
    const bytes = new Map(saved.sections().map(({ name, parts }) => [name, Buffer.concat([...parts()])]))
    const metadata: Record<string, unknown> = {
      kind: 'hnsw/1',
      dimension: 6,
      metric: 'l2',
      m: 4,
      beam: 20,
      quantizer: 'sq8/1',
      keep: 'none/1',
      trained: true,
      rows: 500,
    }
    change(bytes, metadata)
    return imageOf(
      metadata as JsonObject,
      [...bytes].map(([name, buffer]) => ({ name, sizeBytes: buffer.length, parts: () => [buffer] })),
    )
  }

  const openForged = async (...args: Parameters<typeof forged>): Promise<Hnsw> =>
    Hnsw.open(await forged(...args), { quantizers: [sq8()] })

  test('opens when nothing is changed', async () => {
    expect((await openForged(() => undefined)).size).toBe(492)
  })

  const word = (section: string, at: number, value: number) => (bytes: Map<string, Buffer>) => {
    bytes.get(section)?.writeUInt32LE(value >>> 0, at * 4)
  }
  const byte = (section: string, at: number, value: number) => (bytes: Map<string, Buffer>) => {
    bytes.get(section)?.writeUInt8(value, at)
  }

  /** Lets the first row of some chain be followed by another, or by itself. */
  const cutChain = (bytes: Map<string, Buffer>, next: number | undefined): void => {
    const twins = bytes.get('twins') as Buffer
    for (let row = 0; row < 500; row++) {
      const first = twins.readUInt32LE(row * 4)
      if (first === NO_ROW) continue
      twins.writeUInt32LE(next ?? first, (next === undefined ? first : row) * 4)
      return
    }
    throw new Error('there is no chain')
  }

  test.each<readonly [string, Parameters<typeof forged>[0]]>([
    ['an entry beyond the rows', word('head', ENTRY, 500)],
    ['an entry that is free', word('head', ENTRY, 3)],
    ['no root', word('head', ROOT, -1)],
    ['another root', word('head', ROOT, 77)],
    ['more rows in its head', word('head', 0, 501)],
    ['more blocks in its head', word('head', 3, 1e9)],
    ['more alive rows in its head', word('head', 4, 500)],
    ['something in the rest of its head', word('head', HEAD_WORDS - 1, 1)],
    ['a link beyond the rows', word('links', 8 * 50, 500)],
    ['a link far beyond the rows', word('links', 8 * 50 + 1, 0xfffffffe)],
    ['a link to a free row', word('links', 8 * 50 + 1, 3)],
    ['a link to the row itself', word('links', 8 * 50 + 1, 50)],
    ['a link of a free row', word('links', 8 * 3, 50)],
    ['an upper link to a row of the base layer', word('upper', 0, 2)],
    ['an upper link beyond the rows', word('upper', 0, 500)],
    ['upper lists elsewhere', word('upperAt', 0, 1e6)],
    ['an unknown state', byte('state', 50, 3)],
    ['a removed row that was alive', byte('state', 50, 2)],
    ['more anchors than links', byte('anchors', 50, 200)],
    ['fewer anchors', byte('anchors', 50, 0)],
    ['a twin beyond the rows', word('twins', 50, 500)],
    ['a twin that is linked', word('twins', 50, 51)],
    ['a twin that is free', word('twins', 50, 3)],
    ['a twin of a free row', word('twins', 3, 50)],
    ['a chain that is cut', (bytes) => cutChain(bytes, NO_ROW)],
    ['a chain without an end', (bytes) => cutChain(bytes, undefined)],
    ['more chained rows in its head', word('head', CHAINED_ROWS, 400)],
  ])('is refused with %s', async (_, change) => {
    await expect(openForged(change)).rejects.toEqual(failing('corrupt_index'))
  })

  test.each<[string, JsonObject]>([
    ['another kind', { kind: 'flat/1' }],
    ['fewer rows', { rows: 499 }],
    ['many rows', { rows: 4e9 }],
    ['half a row', { rows: 0.5 }],
    ['no rows', { rows: null }],
    ['another m', { m: 5 }],
    ['an impossible m', { m: 0 }],
    ['another dimension', { dimension: 400 }],
    ['an impossible dimension', { dimension: -1 }],
    ['another metric', { metric: 'l1' }],
    ['no quantizer', { quantizer: 1 }],
    ['no finer codes', { keep: 7 }],
  ])('is refused with %s in its metadata', async (_, change) => {
    await expect(openForged((_bytes, metadata) => Object.assign(metadata, change))).rejects.toEqual(
      failing('corrupt_index'),
    )
  })

  test.each(['head', 'codes', 'exact', 'parameters', 'exactParameters', 'links', 'state', 'upper', 'twins'])(
    'is refused without its %s, or with a byte less',
    async (name) => {
      await expect(openForged((bytes) => bytes.delete(name))).rejects.toEqual(failing('corrupt_index'))
      if (name === 'exactParameters') return
      await expect(
        openForged((bytes) => bytes.set(name, (bytes.get(name) as Buffer).subarray(1))),
      ).rejects.toEqual(failing('corrupt_index'))
    },
  )

  test('is refused with a row number behind the end of a list, which the next link would uncover', async () => {
    let behind = 0
    const change = (bytes: Map<string, Buffer>): void => {
      const links = bytes.get('links') as Buffer
      const word = (at: number): number => links.readUInt32LE(at * 4)
      // The first list (of 8 places) with room for two more: its second free place.
      for (let at = 1; behind === 0; at++) {
        if (at % 8 === 0 || word(at) !== NO_ROW || word(at - 1) !== NO_ROW) continue
        links.writeUInt32LE(CHUNK_ROWS, at * 4)
        behind = at
      }
    }
    await expect(openForged(change)).rejects.toEqual(failing('corrupt_index'))
    expect(behind).toBeGreaterThan(0)
  })

  test('whatever word of its graph is changed, is refused or works', async () => {
    const sections = ['head', 'links', 'state', 'anchors', 'upperAt', 'upper', 'twins'] as const
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sections),
        fc.nat(1e6),
        fc.oneof(fc.nat(600), fc.constant(0xffffffff), fc.nat(0xffffffff)),
        async (name, at, value) => {
          const change = (bytes: Map<string, Buffer>): void => {
            const buffer = bytes.get(name) as Buffer
            if (name === 'state' || name === 'anchors') buffer[at % buffer.length] = value
            else buffer.writeUInt32LE(value, (at % (buffer.length / 4)) * 4)
          }
          const opened = await openForged(change).catch((error: unknown) => error)
          if (!(opened instanceof Hnsw)) {
            expect(opened).toEqual(failing('corrupt_index'))
            return
          }
          await opened.searchMany(data.queries, { k: 10 })
          await opened.add(data.vectors.subarray(0, 60))
          await opened.remove(Array.from({ length: 250 }, (_, i) => i * 2))
          await opened.searchMany(data.queries, { k: 10 })
        },
      ),
      { numRuns: 300 },
    )
  })
})
