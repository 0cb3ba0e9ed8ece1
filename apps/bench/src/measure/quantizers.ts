import { Codes, type NativeCodes, OmenError, type Quantizer, trainCodec } from '@omen/core'
import { accelerator } from '@omen/native'
import type { Dataset } from '../data/dataset.ts'
import { distance, Recall } from './recall.ts'

/** Candidates that are rescored; the last is how many the scan finds. */
export const RESCORED = [30, 200] as const

const K = 10

/** What a quantizer makes of a data set, searched exhaustively. */
export interface QuantizerFigures {
  readonly name: string
  readonly bytesPerRow: number
  readonly bitsPerDimension: number
  /** Rows encoded a second of processor time on one thread, and a second on all. */
  readonly encodedPerSecond: number
  readonly encodedPerSecondAllThreads: number
  /** Nanoseconds of processor time to compare a query with a row, and keep it when it is among the best. */
  readonly scanNanoseconds: number
  /** Recall@10 of the codes alone. */
  readonly recall: number
  /** Recall@10 after the best 30 and the best 200 by codes were scored exactly. */
  readonly rescored30: number
  readonly rescored200: number
}

/** What to measure with. */
export interface QuantizerOptions {
  readonly threads: number
  /** How often each time is taken; the best counts. */
  readonly rounds: number
}

/**
 * Encodes a data set with a quantizer and scans all of its rows for every query, by the accelerator.
 *
 * @throws OmenError `unsupported` without the accelerator, or for a quantizer that it does not know
 */
export async function measureQuantizer(
  dataset: Dataset,
  quantizer: Quantizer,
  { threads, rounds }: QuantizerOptions,
): Promise<QuantizerFigures> {
  const { base, dimension, metric, rows: count } = dataset
  const native = accelerator()
  const codes = new Codes(trainCodec(quantizer, base, { dimension, metric }), native)
  if (!codes.native) {
    throw new OmenError('unsupported', `${quantizer.name} needs the native accelerator to be measured`)
  }
  codes.slab.ensure(count)
  const rows = Uint32Array.from({ length: count }, (_, row) => row)
  const encode = (threads: number) => (): Promise<void> => codes.encode(base, rows, { threads })
  const one = await best(rounds, encode(1), processorSeconds)
  const all = threads > 1 ? await best(rounds, encode(threads), wallSeconds) : one
  const { seconds, found } = await scan(codes.native, dataset, rounds)
  const recall = new Recall(dataset)
  const width = found.length / dataset.queries
  const [rescored30, rescored200] = RESCORED.map((candidates) =>
    recall.at(K, rescore(dataset, found, width, candidates), K, dataset.queries),
  )
  return {
    name: quantizer.name.split('/')[0] ?? quantizer.name,
    bytesPerRow: codes.codec.bytesPerRow,
    bitsPerDimension: (codes.codec.bytesPerRow * 8) / dimension,
    encodedPerSecond: count / one,
    encodedPerSecondAllThreads: count / all,
    scanNanoseconds: (seconds * 1e9) / (dataset.queries * count),
    recall: recall.at(K, found, width, dataset.queries),
    rescored30: rescored30 ?? 0,
    rescored200: rescored200 ?? 0,
  }
}

/** The rows nearest to every query by codes, closest first, and how long the scans took. */
async function scan(
  codes: NativeCodes,
  { queryVectors, queries, rows: count }: Dataset,
  rounds: number,
): Promise<{ seconds: number; found: Uint32Array }> {
  const width = Math.min(RESCORED[1], count)
  const out = {
    rows: new Uint32Array(queries * width),
    distances: new Float32Array(queries * width),
    counts: new Uint32Array(queries),
  }
  const run = async (): Promise<void> => {
    const refusal = await codes.scan(queryVectors, width, count, undefined, 1, out)
    if (refusal) throw new OmenError('corrupt_dataset', `query ${refusal.index} is ${refusal.code}`)
  }
  const seconds = await best(rounds, run, processorSeconds)
  return { seconds, found: out.rows }
}

/** The ten nearest by exact distances among the first candidates of every query. */
function rescore(dataset: Dataset, found: Uint32Array, width: number, candidates: number): Uint32Array {
  const { base, queryVectors, dimension, metric, queries } = dataset
  const nearest = new Uint32Array(queries * K)
  for (let query = 0; query < queries; query++) {
    const scored = [...found.subarray(query * width, query * width + Math.min(candidates, width))]
      .map((row) => ({
        row,
        distance: distance(metric, base, row * dimension, queryVectors, query * dimension, dimension),
      }))
      .sort((a, b) => a.distance - b.distance)
    for (const [i, { row }] of scored.slice(0, K).entries()) nearest[query * K + i] = row
  }
  return nearest
}

/** Seconds of the fastest of several runs. */
async function best(rounds: number, run: () => Promise<void>, clock: () => number): Promise<number> {
  let seconds = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = clock()
    await run()
    seconds = Math.min(seconds, clock() - start)
  }
  return seconds
}

function wallSeconds(): number {
  return performance.now() / 1000
}

/** Processor time of this process: what one thread takes, whoever else has the core meanwhile. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
