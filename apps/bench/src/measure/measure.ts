import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { progressBar } from '@omen/cli/terminal'
import type { Dataset } from '../data/dataset.ts'
import { rawFiles } from '../data/load.ts'
import type { BuildParams, SearchParams, Work } from '../engines/engine.ts'
import { openSession } from '../engines/index.ts'
import type { BuildReport, Session } from '../engines/session.ts'
import type { Mode, Timed } from '../engines/timing.ts'
import type { DatasetResults, EngineResults, Latency, MemoryCost, Point, Reopened } from '../results.ts'
import type { EngineSpec, Workload } from '../workload.ts'
import { effortsOf } from './efforts.ts'
import { measureMemoryCost, middleCost } from './memory-cost.ts'
import { Recall } from './recall.ts'
import { quantile } from './statistics.ts'

/** Queries whose single latencies are looked at, in each round. */
const LATENCY_QUERIES = 1000
/** Queries whose distances are counted. */
const WORK_QUERIES = 1000
/** An index that was opened again is asked at the first setting with this recall. */
const REOPENED_RECALL = 0.95
/** Queries asked before anything is measured, for the compiler of JavaScript and the caches of the processor. */
const WARM_UP_QUERIES = 500

/** A speed is measured for so long, in so many passes over the queries at most. */
const LEAST_SECONDS = 0.1
const MOST_PASSES = 20

/** An engine that is running, and what has been measured of it. */
interface Contestant {
  readonly spec: EngineSpec
  readonly session: Session
  readonly build: BuildReport
  readonly buildSeconds: number[]
  readonly queries: number
  readonly points: Measured[]
  /** Of each round. */
  readonly memoryCosts: MemoryCost[]
  reopened?: Reopened | undefined
}

/** One setting while it is measured. */
interface Measured {
  readonly params: SearchParams
  recall: number
  recallAt1: number
  readonly qps: number[]
  readonly qpsBatch: number[]
  readonly qpsAllThreads: number[]
  readonly latency: Latency[]
  readonly promiseLatency: Latency[]
  work?: Work | undefined
}

/**
 * Builds and measures the engines of a workload on one data set, side by side: all stay alive and take turns, setting
 * by setting and round by round, so that whatever else the machine does hits them alike.
 *
 * An engine that cannot be measured here is skipped with its reason.
 */
export async function measureDataset(workload: Workload, dataset: Dataset): Promise<DatasetResults> {
  const { base: _, queryVectors: __, neighbors: ___, ...facts } = dataset
  const skipped: { id: string; title: string; reason: string }[] = []
  const contestants = await buildAll(workload, dataset, skipped)
  try {
    await measureAll(workload, dataset, contestants)
    if (workload.reopen) await reopenAll(workload, dataset, contestants)
  } finally {
    await Promise.all(contestants.map(({ session }) => session.close()))
  }
  const { k, rounds, seed } = workload
  return {
    dataset: facts,
    k,
    rounds,
    seed,
    engines: contestants.map((each) => results(workload, each)),
    skipped,
  }
}

async function buildAll(
  workload: Workload,
  dataset: Dataset,
  skipped: { id: string; title: string; reason: string }[],
): Promise<Contestant[]> {
  const contestants = new Map<string, Contestant>()
  for (let round = 0; round < workload.buildRounds; round++) {
    for (const spec of workload.engines) {
      if (skipped.some(({ id }) => id === spec.id)) continue
      const before = contestants.get(spec.id)
      await before?.session.close()
      contestants.delete(spec.id)
      try {
        contestants.set(spec.id, await buildOne(workload, dataset, spec, before?.buildSeconds ?? []))
      } catch (error) {
        const reason = (error as Error).message
        skipped.push({ id: spec.id, title: spec.title, reason })
        process.stderr.write(`skipped ${spec.title}: ${reason}\n`)
      }
    }
  }
  return [...contestants.values()]
}

async function buildOne(
  workload: Workload,
  dataset: Dataset,
  spec: EngineSpec,
  buildSeconds: number[],
): Promise<Contestant> {
  const session = await openSession(spec.engine, { facts: dataset, files: rawFiles(dataset) })
  const bar = progressBar(`building ${spec.title}`)
  let ended = `building ${spec.title} failed`
  try {
    const build = await session.build(buildParams(workload, spec), bar.update)
    ended = `built ${spec.title} over ${dataset.rows.toLocaleString('en')} vectors in ${build.wallSeconds.toFixed(2)} s`
    const queries = Math.min(spec.queries ?? dataset.queries, dataset.queries)
    const points = effortsOf(workload.k, spec).map(emptyPoint)
    const seconds = [...buildSeconds, build.wallSeconds]
    return { spec, session, build, buildSeconds: seconds, queries, points, memoryCosts: [] }
  } catch (error) {
    await session.close()
    throw error
  } finally {
    bar.end(ended)
  }
}

async function measureAll(
  workload: Workload,
  dataset: Dataset,
  contestants: readonly Contestant[],
): Promise<void> {
  const recall = new Recall(dataset)
  const settings = Math.max(0, ...contestants.map(({ points }) => points.length))
  const total = workload.rounds * contestants.reduce((sum, { points }) => sum + points.length, 0)
  const bar = progressBar('measuring')
  let done = 0
  for (const contestant of contestants) await warmUp(workload, contestant)
  for (let round = 0; round < workload.rounds; round++) {
    if (workload.work) await measureMemoryCosts(contestants)
    for (let setting = 0; setting < settings; setting++) {
      // Who goes first changes, so that going first is nobody's advantage.
      const turn = (round + setting) % 2 === 0 ? contestants : contestants.toReversed()
      for (const contestant of turn) {
        const point = contestant.points[setting]
        if (!point) continue
        await measurePoint(workload, recall, contestant, point)
        bar.update({ done: ++done, total })
      }
    }
  }
  bar.end()
}

async function measureMemoryCosts(contestants: readonly Contestant[]): Promise<void> {
  for (const { build, memoryCosts } of contestants) {
    const cost = await measureMemoryCost(build.indexBytes)
    if (cost) memoryCosts.push(cost)
  }
}

async function warmUp({ threads }: Workload, { session, points, queries }: Contestant): Promise<void> {
  const params = points[Math.floor(points.length / 2)]?.params
  if (!params) return
  const count = Math.min(queries, WARM_UP_QUERIES)
  for (const mode of session.facts.modes)
    await session.measure({ mode, params, threads, count, latencies: false })
}

async function measurePoint(
  workload: Workload,
  recall: Recall,
  { session, queries }: Contestant,
  point: Measured,
): Promise<void> {
  const { k } = workload
  const { params } = point
  const ask = (mode: Mode, count: number, latencies: boolean, threads = workload.threads): Promise<Timed> =>
    session.measure({ mode, params, threads, count, latencies })
  const has = (mode: Mode): boolean => session.facts.modes.includes(mode)

  const single = await ask('sync', queries, false)
  point.qps.push(await speed(single, () => ask('sync', queries, false), queries))
  point.recall = recall.at(k, single.rows, k, queries)
  point.recallAt1 = recall.at(1, single.rows, k, queries)

  const count = Math.min(queries, LATENCY_QUERIES)
  point.latency.push(latencyOf((await ask('sync', count, true)).latencies))
  if (workload.work && !point.work) point.work = await session.work(params, Math.min(queries, WORK_QUERIES))
  if (has('promise')) point.promiseLatency.push(latencyOf((await ask('promise', count, true)).latencies))
  if (!has('many')) return
  const many = (): Promise<Timed> => ask('many', queries, false)
  point.qpsAllThreads.push(await speed(await many(), many, queries))
  if (!workload.batch) return
  const batch = (): Promise<Timed> => ask('many', queries, false, 1)
  point.qpsBatch.push(await speed(await batch(), batch, queries))
}

/** Queries per second over as many passes as it takes to tell: the few milliseconds of a small one may hit anything. */
async function speed(first: Timed, again: () => Promise<Timed>, queries: number): Promise<number> {
  let passes = 1
  let { seconds } = first
  for (; seconds < LEAST_SECONDS && passes < MOST_PASSES; passes++) seconds += (await again()).seconds
  return (passes * queries) / seconds
}

/** Nanoseconds of single queries, as quantiles in microseconds. */
function latencyOf(nanoseconds: Float64Array): Latency {
  const at = (share: number): number => quantile(nanoseconds, share) / 1000
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/** Saves the indexes one after the other, and opens each in a process that has seen nothing of it. */
async function reopenAll(
  { k, engines }: Workload,
  dataset: Dataset,
  contestants: readonly Contestant[],
): Promise<void> {
  const recall = new Recall(dataset)
  const folder = mkdtempSync(join(tmpdir(), 'omen-bench-'))
  try {
    for (const contestant of contestants) {
      const { session, spec, points, queries } = contestant
      const path = join(folder, `index-${engines.indexOf(spec)}`)
      const saved = await session.save(path)
      const point = points.find((each) => each.recall >= REOPENED_RECALL) ?? points.at(-1)
      if (!saved || !point) continue
      const fresh = await openSession(spec.engine, { facts: dataset, files: rawFiles(dataset) })
      try {
        const { seconds: openSeconds, indexBytes } = await fresh.reopen(path)
        const { params } = point
        const ask = (): Promise<Timed> =>
          fresh.measure({ mode: 'sync', params, threads: 1, count: queries, latencies: false })
        const { rows } = await ask()
        contestant.reopened = {
          saveSeconds: saved.seconds,
          fileBytes: saved.fileBytes,
          openSeconds,
          indexBytes,
          beam: params.beam,
          ...(params.epsilon === undefined ? {} : { epsilon: params.epsilon }),
          recall: recall.at(k, rows, k, queries),
          qps: await speed(await ask(), ask, queries),
        }
      } finally {
        await fresh.close()
      }
      rmSync(path, { force: true })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function buildParams(
  { seed, threads }: Workload,
  { m, buildBeam, alpha, quantizer, keep, techniques }: EngineSpec,
): BuildParams {
  return {
    m,
    beam: buildBeam,
    threads,
    seed,
    ...(alpha === undefined ? {} : { alpha }),
    ...(quantizer === undefined ? {} : { quantizer }),
    ...(keep === undefined ? {} : { keep }),
    ...(techniques === undefined ? {} : { techniques }),
  }
}

function emptyPoint(params: SearchParams): Measured {
  const measured = { qps: [], qpsBatch: [], qpsAllThreads: [], latency: [], promiseLatency: [] }
  return { params, recall: 0, recallAt1: 0, ...measured }
}

function results(workload: Workload, contestant: Contestant): EngineResults {
  const { spec, session, build, buildSeconds, queries } = contestant
  const memoryCost = middleCost(contestant.memoryCosts)
  const { version, kernels, buildsAlone } = session.facts
  return {
    id: spec.id,
    title: spec.title,
    engine: spec.engine,
    version,
    ...(kernels === undefined ? {} : { kernels }),
    params: buildParams(workload, spec),
    buildThreads: buildsAlone ? 1 : workload.threads,
    build,
    buildSeconds,
    queries,
    points: contestant.points.map(pointOf),
    ...(memoryCost ? { memoryCost } : {}),
    ...(contestant.reopened ? { reopened: contestant.reopened } : {}),
  }
}

function pointOf({ params, qpsBatch, qpsAllThreads, promiseLatency, work, ...point }: Measured): Point {
  return {
    beam: params.beam,
    ...(params.epsilon === undefined ? {} : { epsilon: params.epsilon }),
    ...(params.rescore === undefined ? {} : { rescore: params.rescore }),
    ...point,
    ...(work ? { work } : {}),
    ...(qpsBatch.length > 0 ? { qpsBatch } : {}),
    ...(qpsAllThreads.length > 0 ? { qpsAllThreads } : {}),
    ...(promiseLatency.length > 0 ? { promiseLatency } : {}),
  }
}
