/**
 * Bugs that tests plant, to see that the tests of crashes catch them. Not reachable from the package's face.
 *
 * - `early`: appends are acknowledged before they are synced
 * - `halves`: every record counts by itself, not the whole append
 * - `no-relog`: what a crash left is taken to be durable, since it can be read
 * - `uncut`: what a failed append left behind stays, and the next one goes after it
 */
export type LogFault = 'early' | 'halves' | 'no-relog' | 'uncut'

export type LogFaults = ReadonlySet<LogFault>

export const NO_FAULTS: LogFaults = new Set()
