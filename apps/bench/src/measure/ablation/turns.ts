import { Random } from '../../data/random.ts'

/**
 * Asks everybody in turn, several times, each time in another order: so that whatever else the machine does hits all
 * alike, and nobody always finds in the caches what the same one before it has left there.
 */
export async function byTurns<T>(
  everybody: readonly T[],
  times: number,
  seed: number,
  ask: (one: T, time: number) => Promise<void>,
): Promise<void> {
  const random = new Random(seed)
  for (let time = 0; time < times; time++) {
    for (const which of random.sample(everybody.length, everybody.length)) {
      const one = everybody[which]
      if (one !== undefined) await ask(one, time)
    }
  }
}

/**
 * Seconds of processor time of this process: what the work takes, whoever else has the processor meanwhile. Threads that
 * wait count for nothing.
 */
export async function processorSeconds(work: () => Promise<unknown> | undefined): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
