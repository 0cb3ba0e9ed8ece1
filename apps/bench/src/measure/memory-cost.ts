import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Work } from '../engines/engine.ts'
import { buildMemoryProbe } from '../engines/yardstick-build.ts'
import type { MemoryCost } from '../results.ts'
import { median } from './statistics.ts'

const run = promisify(execFile)

/** Bytes of the blocks whose reading is timed. */
const BLOCK_BYTES = [64, 128, 256, 512, 1024, 2048, 4096]
/** Less than this lies in a processor's caches anyway; more would only take time to fill. */
const SPREAD = { least: 4 << 20, most: 2 ** 31 }

/**
 * Measures what it costs on this machine to read blocks that were asked for in time, at random places of as many bytes
 * as an index has.
 *
 * @returns nanoseconds by block size; undefined without a C++ compiler
 */
export async function measureMemoryCost(indexBytes: number): Promise<MemoryCost | undefined> {
  const spreadBytes = Math.round(Math.min(SPREAD.most, Math.max(SPREAD.least, indexBytes)))
  try {
    const { program } = await buildMemoryProbe()
    const { stdout } = await run(program, [spreadBytes, ...BLOCK_BYTES].map(String))
    const { nanoseconds } = JSON.parse(stdout) as { nanoseconds: number[] }
    return { spreadBytes, blockBytes: BLOCK_BYTES, nanoseconds }
  } catch {
    return undefined
  }
}

/** The middle of several measurements, size by size. */
export function middleCost(costs: readonly MemoryCost[]): MemoryCost | undefined {
  const first = costs[0]
  if (!first) return undefined
  return {
    ...first,
    nanoseconds: first.blockBytes.map((_, i) => median(costs.map(({ nanoseconds }) => nanoseconds[i] ?? 0))),
  }
}

/** Nanoseconds to read a block: between the measured sizes linear in bytes, and in proportion beyond the largest. */
export function nanosecondsToRead(bytes: number, { blockBytes, nanoseconds }: MemoryCost): number {
  const above = blockBytes.findIndex((size) => size >= bytes)
  if (above === 0) return nanoseconds[0] ?? Number.NaN
  if (above < 0) return ((nanoseconds.at(-1) ?? Number.NaN) * bytes) / (blockBytes.at(-1) ?? Number.NaN)
  const [low = 0, high = 0] = [blockBytes[above - 1], blockBytes[above]]
  const share = (bytes - low) / (high - low)
  return (nanoseconds[above - 1] ?? 0) * (1 - share) + (nanoseconds[above] ?? 0) * share
}

/**
 * The microseconds below which a search cannot take on this machine, on one thread: everything it reads, and nothing
 * else. Blocks are taken to have their mean size, which is exact as far as the cost is linear in bytes.
 */
export function floorMicros({ distances, hops, rescored, bytes }: Work, cost: MemoryCost): number {
  const blocks = distances + hops + rescored
  return blocks > 0 ? (blocks * nanosecondsToRead(bytes / blocks, cost)) / 1000 : 0
}
