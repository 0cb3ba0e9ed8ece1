import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cachePaths, writeCached } from '../data/cache.ts'
import type { Dataset } from '../data/dataset.ts'
import { Recall } from '../measure/recall.ts'
import { tinyDataset } from '../testing/data.ts'
import type { BuildParams } from './engine.ts'
import { COMPETITORS, ENGINE_NAMES, openSession } from './index.ts'
import type { Session, SessionInput } from './session.ts'

const params: BuildParams = { m: 8, beam: 40, threads: 2, seed: 42 }
let folder: string
const datasets = new Map<string, Dataset>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'omen-bench-'))
  for (const metric of ['l2', 'cosine'] as const) {
    const dataset = await tinyDataset({ metric, name: `tiny-${metric}` })
    writeCached(folder, dataset)
    datasets.set(metric, dataset)
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function input(metric: string): SessionInput & { dataset: Dataset } {
  const dataset = datasets.get(metric) ?? expect.fail()
  return { facts: dataset, files: cachePaths(folder, dataset.name), dataset }
}

/** Only engines that have to be installed or compiled may be missing, and they say why. */
const mayBeMissing = [...COMPETITORS, 'hnswlib-cpp']

describe.each(ENGINE_NAMES)('%s', (engine) => {
  test.for(['l2', 'cosine'])('finds the true neighbours by %s, in every mode', async (metric, { skip }) => {
    const given = input(metric)
    const session = await openSession(engine, given).catch((error: Error) => error)
    if (session instanceof Error) {
      if (!mayBeMissing.includes(engine)) throw session
      expect(session.message).toMatch(/not installed|does not load|no C\+\+ compiler|does not compile/)
      skip(session.message)
      return
    }
    try {
      const found = await measures(session, given.dataset)
      await reopens(session, () => openSession(engine, given), found)
    } finally {
      await session.close()
    }
  })
})

async function measures(session: Session, dataset: Dataset): Promise<number[]> {
  const report = await session.build(params, () => {})
  expect(report.wallSeconds).toBeGreaterThan(0)
  expect(report.cpuSeconds).toBeGreaterThan(0)
  expect(report.inputBytes).toBe(300 * 12 * 4)
  expect(session.facts.version).not.toBe('')
  const recall = new Recall(dataset)
  for (const mode of session.facts.modes) {
    const pass = { mode, params: { k: 10, beam: 64 }, threads: 2, count: 20, latencies: mode !== 'many' }
    const timed = await session.measure(pass)
    expect(recall.at(10, timed.rows, 10, 20), mode).toBeGreaterThan(0.95)
    expect(timed.latencies).toHaveLength(mode === 'many' ? 0 : 20)
    const fewer = await session.measure({ ...pass, count: 3, params: { k: 5, beam: 32 } })
    expect(fewer.rows).toHaveLength(15)
  }
  await counts(session)
  return rowsOf(await session.measure({ ...OPENED, params: { k: 10, beam: 64 } }))
}

const OPENED = { mode: 'sync', threads: 1, count: 20, latencies: false } as const

function rowsOf({ rows }: { readonly rows: Uint32Array }): number[] {
  return [...rows]
}

/** An engine that saves its index finds the same in another process that opens it. */
async function reopens(session: Session, fresh: () => Promise<Session>, expected: number[]): Promise<void> {
  const path = join(folder, 'index')
  const saved = await session.save(path)
  if (!saved) return
  expect(saved.fileBytes).toBeGreaterThan(300 * 12)
  const other = await fresh()
  try {
    expect((await other.reopen(path)).seconds).toBeGreaterThan(0)
    expect(rowsOf(await other.measure({ ...OPENED, params: { k: 10, beam: 64 } }))).toEqual(expected)
  } finally {
    await other.close()
  }
}

/** An engine that counts its work does more of it with a wider beam; it may look at all of so few rows, which takes no hops. */
async function counts(session: Session): Promise<void> {
  const narrow = await session.work({ k: 5, beam: 8 }, 20)
  if (!narrow) return
  const wide = await session.work({ k: 5, beam: 128 }, 20)
  expect(narrow.distances).toBeGreaterThan(8)
  expect(wide?.distances).toBeGreaterThan(narrow.distances)
  expect(wide?.distances).toBeLessThan(301)
  expect(wide?.bytes).toBeGreaterThan(narrow.bytes)
}

test('an engine that does not exist is refused, naming those that do', async () => {
  await expect(openSession('omen', input('l2'))).rejects.toThrow(/there are omen-flat, omen-hnsw/)
})

test('the error of an engine comes out of its process with its code', async () => {
  const session = await openSession('omen-hnsw', input('l2'))
  try {
    const asked = session.build({ ...params, quantizer: 'sq7' }, () => {})
    await expect(asked).rejects.toThrow(expect.objectContaining({ code: 'unknown_quantizer' }))
  } finally {
    await session.close()
  }
  await expect(
    session.measure({ mode: 'sync', params: { k: 1, beam: 1 }, threads: 1, count: 1, latencies: false }),
  ).rejects.toThrow(/the process of omen-hnsw ended/)
})
