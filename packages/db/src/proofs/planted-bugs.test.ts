import type { Log, LogRecord, StorageBackend } from '@omen/core'
import { prove, randomNumbers } from '@omen/core/testing'
import type { Disk, DiskFile } from '@omen/storage-mmap/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Checkpoints } from '../engine/checkpoint.ts'
import { decodeManifest, encodeManifest, manifestNumber, replayFrom } from '../engine/manifest.ts'
import { SealedState } from '../engine/segment-state.ts'
import { crashEverywhere, cutRecoveries, type Planted, record } from './crash-run.ts'
import { failingCalls, runFailing } from './failing-run.ts'
import { COMMANDS, type Command, ModelRun } from './model-run.ts'

vi.stubEnv('OMEN_NATIVE', 'off')

afterEach(() => {
  vi.restoreAllMocks()
})

/** A bug, as the database would have it: planted anew for each run. */
interface Bug {
  readonly name: string
  /** Which proof must find it. */
  readonly by: keyof typeof PROOFS
  readonly plant: () => Planted
}

/** An object of which some members are others. */
function instead<T extends object>(good: T, members: Partial<T>): T {
  return new Proxy(good, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name)
      const member: unknown = Reflect.get(good, name, good)
      return typeof member === 'function' ? member.bind(good) : member
    },
  })
}

/** A disk whose files never sync while they have such a name. */
function unsynced(disk: Disk, names: RegExp): Disk {
  return instead(disk, {
    open: async (name, mode): Promise<DiskFile> => {
      const file = await disk.open(name, mode)
      return names.test(name) ? instead(file, { sync: async () => undefined }) : file
    },
  })
}

/** A log from which records are read otherwise than they are. */
function reading(log: Log, read: (sequence: number) => AsyncIterable<LogRecord>): Log {
  return instead(log, { read })
}

function joined(parts: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...parts]))
}

/** A storage in which a manifest is written otherwise than it should be. */
function manifestsAs(
  storage: StorageBackend,
  change: (name: string, bytes: Uint8Array) => Promise<Uint8Array>,
): StorageBackend {
  return instead(storage, {
    writeOnce: async (name, parts) => {
      const bytes = joined(parts)
      await storage.writeOnce(name, [manifestNumber(name) === undefined ? bytes : await change(name, bytes)])
    },
  })
}

function trimEarly(): Planted {
  let log: Log | undefined
  return {
    wrapLog: (good) => {
      log = good
      return good
    },
    wrapStorage: (storage) =>
      manifestsAs(storage, async (name, bytes) => {
        const from = replayFrom(await decodeManifest(bytes, name))
        await log?.truncateBefore(Math.min(from, log.nextSequence)).catch(() => undefined)
        return bytes
      }),
  }
}

const BUGS: readonly Bug[] = [
  {
    name: 'the folder is not synced',
    by: 'crash states',
    plant: () => ({ wrapDisk: (disk) => instead(disk, { syncFolder: async () => undefined }) }),
  },
  {
    name: 'a write is acknowledged before it is synced',
    by: 'crash states',
    plant: () => ({
      wrapLog: (log) =>
        instead(log, { append: (records) => log.append(records, { durability: 'buffered' }) }),
    }),
  },
  { name: 'the log is trimmed before the manifest is there', by: 'crash states', plant: trimEarly },
  {
    name: 'segments are published before they are synced',
    by: 'crash states',
    plant: () => ({ wrapDisk: (disk) => unsynced(disk, /^\.s\d+\./) }),
  },
  {
    name: 'CURRENT is swapped before the manifest is synced',
    by: 'crash states',
    plant: () => ({ wrapDisk: (disk) => unsynced(disk, /^\.MANIFEST/) }),
  },
  {
    name: 'CURRENT is written in place',
    by: 'crash states',
    plant: () => ({
      wrapStorage: (storage) =>
        instead(storage, {
          replace: async (name, bytes) => storage.append(name, 0, bytes, 'synced'),
        }),
    }),
  },
  {
    name: 'a sync that failed is taken for one that was done',
    by: 'failing calls',
    plant: () => ({
      wrapDisk: (disk) =>
        instead(disk, {
          open: async (name, mode): Promise<DiskFile> => {
            const file = await disk.open(name, mode)
            return instead(file, { sync: () => file.sync().catch(() => undefined) })
          },
        }),
    }),
  },
  {
    name: 'what recovery writes to the log is not synced',
    by: 'cut recoveries',
    plant: () => ({ wrapDisk: (disk) => unsynced(disk, /^\.?log-/) }),
  },
  {
    name: 'a checkpoint forgets deletions',
    by: 'model',
    plant: () => {
      vi.spyOn(SealedState.prototype, 'changed', 'get').mockReturnValue(false)
      return {}
    },
  },
  {
    name: 'deletions that come while segments are exchanged are lost',
    by: 'model',
    plant: () => {
      const write = Checkpoints.prototype.write
      vi.spyOn(Checkpoints.prototype, 'write').mockImplementation(function (
        this: Checkpoints,
        of,
        checkpoint,
      ) {
        const exchanges = checkpoint?.exchanges?.map((exchange) => {
          const live = exchange.next?.live()
          return { ...exchange, next: exchange.next && { ...exchange.next, live: () => live } }
        })
        return write.call(this, of, { ...checkpoint, ...(exchanges && { exchanges }) })
      })
      return {}
    },
  },
  {
    name: 'the last record is not replayed',
    by: 'model',
    plant: () => ({
      wrapLog: (log) =>
        reading(log, async function* (sequence) {
          for await (const each of log.read(sequence)) if (each.sequence < log.nextSequence - 1) yield each
        }),
    }),
  },
  {
    name: 'replay begins one record late',
    by: 'model',
    plant: () => ({
      wrapLog: (log) => reading(log, (sequence) => log.read(Math.min(sequence + 1, log.nextSequence))),
    }),
  },
  {
    name: 'rows on disk are not taken away when they are written again',
    by: 'model',
    plant: () => {
      vi.spyOn(SealedState.prototype, 'find').mockReturnValue(-1 >>> 0)
      return {}
    },
  },
  {
    name: 'a manifest says that too much of the log is in segments',
    by: 'model',
    plant: () => ({
      wrapStorage: (storage) =>
        manifestsAs(storage, async (name, bytes) => {
          const manifest = await decodeManifest(bytes, name)
          const collections = manifest.collections.map((each) => ({
            ...each,
            from: Math.max(each.from, manifest.sequence + 1),
          }))
          return await encodeManifest({ ...manifest, collections })
        }),
    }),
  },
]

describe('a proof catches', () => {
  test.each(BUGS)('$name', { timeout: 300_000 }, async ({ name, by, plant }) => {
    await prove(`planted: ${name}`, { seed: 31 }, async (proof) => {
      const { tried, why } = await PROOFS[by](proof.seed, plant())
      proof.shown = why === undefined ? `not caught after ${tried}` : `caught by ${by} after ${tried}`
      expect(why, proof.shown).toBeInstanceOf(Error)
      // What a planted bug trips over itself shows nothing.
      expect(causeOf(why)).not.toBeInstanceOf(TypeError)
    })
  })
})

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? causeOf(error.cause) : error
}

/** How much was tried, and what went wrong then. */
interface Caught {
  readonly tried: string
  readonly why: unknown
}

async function caughtByCrashes(seed: number, planted: Planted): Promise<Caught> {
  const figures = { states: 0, distinct: 0 }
  for (let workload = 0; workload < 6; workload++) {
    const random = randomNumbers(seed + workload)
    try {
      await crashEverywhere(await record(random, 24, planted), random, 6, figures, planted)
    } catch (why) {
      return { tried: `${figures.states} states`, why }
    }
  }
  return { tried: `${figures.states} states`, why: undefined }
}

async function caughtByModel(seed: number, planted: Planted): Promise<Caught> {
  const random = randomNumbers(seed)
  let commands = 0
  for (let sequence = 0; sequence < 40; sequence++) {
    const run = await ModelRun.start(randomNumbers, planted)
    try {
      for (let i = 0; i < 100; i++) {
        const kind = COMMANDS[Math.floor(random() * COMMANDS.length)] ?? 'op'
        const command: Command = { kind, seed: Math.floor(random() * 2 ** 31) }
        commands++
        await run.run(command)
      }
      await run.end()
    } catch (why) {
      return { tried: `${commands} commands`, why }
    }
  }
  return { tried: `${commands} commands`, why: undefined }
}

async function caughtByFailingCalls(seed: number, planted: Planted): Promise<Caught> {
  let calls = 0
  for (const call of await failingCalls(seed)) {
    calls++
    try {
      await runFailing(seed, call, planted)
    } catch (why) {
      return { tried: `${calls} failing calls`, why }
    }
  }
  return { tried: `${calls} failing calls`, why: undefined }
}

/** The bug is in the recoveries alone. */
async function caughtByCutRecoveries(seed: number, planted: Planted): Promise<Caught> {
  const figures = { recoveries: 0, cuts: 0, distinct: 0 }
  const random = randomNumbers(seed)
  try {
    await cutRecoveries(await record(random, 24), random, figures, planted)
    return { tried: `${figures.cuts} cuts`, why: undefined }
  } catch (why) {
    return { tried: `${figures.cuts} cuts`, why }
  }
}

/** Which proofs find bugs. */
const PROOFS = {
  'crash states': caughtByCrashes,
  model: caughtByModel,
  'failing calls': caughtByFailingCalls,
  'cut recoveries': caughtByCutRecoveries,
}
