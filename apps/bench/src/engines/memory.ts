import { readFileSync, writeFileSync } from 'node:fs'

const MOST_ROUNDS = 12
const SETTLE_MS = 30
const SETTLED_BYTES = 50_000

/** Resident memory of a process. */
export interface Memory {
  readonly residentBytes: number
  /** The most it was since the last reset, or ever where the system cannot reset it. */
  readonly peakBytes: number
}

/** Resident memory of this process. */
export function readMemory(): Memory {
  const peak = statusBytes('VmHWM') ?? process.resourceUsage().maxRSS * 1024
  return { residentBytes: process.memoryUsage.rss(), peakBytes: peak }
}

/** Lets the peak begin anew, where the system can (Linux). */
export function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // Elsewhere the peak is the process's own, which the start of Node hardly adds to.
  }
}

/**
 * Resident memory of this process once nothing is left to give back: garbage is collected until that changes nothing
 * more. Needs Node's --expose-gc.
 */
export async function settledMemory(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void }
  let last = Number.POSITIVE_INFINITY
  for (let round = 0; round < MOST_ROUNDS; round++) {
    gc?.()
    // Buffers are freed by finalizers, and pages given back by other threads, in their own time.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const { residentBytes } = readMemory()
    if (Math.abs(last - residentBytes) < SETTLED_BYTES) break
    last = residentBytes
  }
  return readMemory()
}

function statusBytes(field: string): number | undefined {
  try {
    const found = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
    return found ? Number(found[1]) * 1024 : undefined
  } catch {
    return undefined
  }
}
