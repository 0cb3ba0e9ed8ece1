import { readFileSync } from 'node:fs'

/** Resident memory of this process, by where it comes from. */
export interface Resident {
  /** What only this process has. */
  readonly anonymousBytes: number
  /** Pages of mapped files, which the system takes back when it needs them. */
  readonly fileBytes: number
}

/** Undefined where the system does not tell (all but Linux). */
export function residentMemory(): Resident | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    const bytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
    return { anonymousBytes: bytes('RssAnon'), fileBytes: bytes('RssFile') }
  } catch {
    return undefined
  }
}
