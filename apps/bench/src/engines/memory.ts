import { readFileSync, writeFileSync } from 'node:fs'

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

/** Gives unused memory back, so that what is resident is in use; needs Node's --expose-gc. */
export function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void }
  // Buffers are freed by finalizers that the first run only schedules.
  for (let i = 0; i < 3; i++) gc?.()
}

function statusBytes(field: string): number | undefined {
  try {
    const found = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
    return found ? Number(found[1]) * 1024 : undefined
  } catch {
    return undefined
  }
}
