import { describe, test } from 'vitest'
import { type Log, type LogRecord, MemoryLog, type MemoryLogRecords } from '../log.ts'
import { MemoryStorage } from '../memory-storage.ts'
import type { Region, StorageBackend } from '../storage.ts'
import { logChecks, storageChecks } from './index.ts'
import { expectCaught, plant } from './plant.ts'

describe('the suite of storage backends catches', () => {
  type Bad = (good: MemoryStorage) => Partial<StorageBackend>
  const contentsOf = async (storage: StorageBackend, name: string): Promise<Uint8Array> => {
    const region = await storage.read(name)
    const bytes = new Uint8Array(region.sizeBytes)
    await region.readInto(bytes, 0)
    return bytes
  }
  const BUGS: readonly (readonly [bug: string, check: string, bad: Bad])[] = [
    [
      'files listed as they come',
      'begins empty, and lists files in order of their names',
      (good) => ({
        list: async () => (await good.list()).reverse(),
      }),
    ],
    [
      'a file written twice',
      'writes once, from parts of any size',
      (good) => ({
        writeOnce: async (name, parts) => {
          await good.remove(name)
          await good.writeOnce(name, parts)
        },
      }),
    ],
    [
      'a replacement that leaves the tail',
      'replaces, and creates by replacing',
      (good) => ({
        replace: async (name, bytes) => {
          const old = await contentsOf(good, name).catch(() => new Uint8Array(0))
          const kept = old.subarray(Math.min(bytes.length, old.length))
          await good.replace(name, Uint8Array.of(...bytes, ...kept))
        },
      }),
    ],
    [
      'an append that does not cut',
      'appends, cuts, and refuses to leave a hole',
      (good) => ({
        append: async (name, _, bytes) => {
          const size = (await good.list()).find((file) => file.name === name)?.sizeBytes ?? 0
          await good.append(name, size, bytes)
        },
      }),
    ],
    [
      'a hole filled with zeros',
      'appends, cuts, and refuses to leave a hole',
      (good) => ({
        append: async (name, offset, bytes) => {
          const size = (await good.list()).find((file) => file.name === name)?.sizeBytes ?? 0
          if (offset > size) await good.append(name, size, new Uint8Array(offset - size))
          await good.append(name, offset, bytes)
        },
      }),
    ],
    [
      'every tenth piece lost',
      'appends many small pieces',
      (good) => {
        let count = 0
        return {
          append: async (name, offset, bytes) =>
            good.append(name, offset, ++count % 10 === 9 ? bytes.map(() => 0) : bytes),
        }
      },
    ],
    [
      'a region that shows what comes after',
      'keeps a region as it was when it was opened',
      (good) => ({
        read: async (name) => {
          const region = await good.read(name)
          return plant<Region>(region, {
            readInto: async (target, offset) => (await good.read(name)).readInto(target, offset),
          })
        },
      }),
    ],
    [
      'reads beyond the end cut short',
      'reads parts of a region, many at a time, and none beyond its end or after close',
      (good) => ({
        read: async (name) => {
          const region = await good.read(name)
          return plant<Region>(region, {
            readInto: (target, offset) =>
              region.readInto(
                target.subarray(0, Math.max(0, region.sizeBytes - offset)),
                Math.min(offset, region.sizeBytes),
              ),
          })
        },
      }),
    ],
    [
      'an error for removing what is gone',
      'removes, even what is not there, and lets the name be used again',
      (good) => ({
        remove: async (name) => {
          await good.read(name)
          await good.remove(name)
        },
      }),
    ],
    [
      'a path for a name',
      'refuses names that could lead elsewhere',
      (good) => ({
        replace: async (name, bytes) => good.replace(name.replaceAll('/', '_'), bytes),
      }),
    ],
    [
      'bytes kept instead of copied',
      'keeps none of the bytes passed to it',
      (good) => {
        const kept = new Map<string, Uint8Array>()
        return {
          replace: async (name, bytes) => {
            kept.set(name, bytes)
            await good.replace(name, bytes)
          },
          read: async (name) => {
            const bytes = kept.get(name)
            if (bytes) await good.replace(name, bytes)
            return good.read(name)
          },
        }
      },
    ],
    [
      'a lock that anybody may take',
      'lets one lock at a time, and says who',
      () => ({
        lock: async () => ({ release: async () => undefined }),
      }),
    ],
    [
      'a lock released by its last holder',
      'lets one lock at a time, and says who',
      (good) => {
        let current: Awaited<ReturnType<MemoryStorage['lock']>> | undefined
        return {
          lock: async (holder) => {
            current = await good.lock(holder)
            return { release: async () => current?.release() }
          },
        }
      },
    ],
    [
      'a file that only its writer sees',
      'is the same to another that opens it',
      () => ({ list: async () => [] }),
    ],
  ]

  test.each(BUGS)('%s', async (_, name, bad) => {
    const good = { create: () => new MemoryStorage(), reopen: (storage: StorageBackend) => storage }
    if (name.startsWith('is the same to another')) {
      await expectCaught(storageChecks, name, good, { ...good, reopen: () => new MemoryStorage() })
      return
    }
    const create = (): StorageBackend => {
      const storage = new MemoryStorage()
      return plant<StorageBackend>(storage, bad(storage))
    }
    await expectCaught(storageChecks, name, good, { ...good, create })
  })
})

describe('the suite of logs catches', () => {
  type Bad = (good: MemoryLog, kept: MemoryLogRecords) => Partial<Log>
  const logs = (bad: Bad) => {
    const records = new WeakMap<Log, MemoryLogRecords>()
    const open = (kept: MemoryLogRecords): Log => {
      const log = new MemoryLog(kept)
      const planted = plant<Log>(log, bad(log, kept))
      records.set(planted, kept)
      return planted
    }
    return {
      create: () => open({ firstSequence: 1, records: [] }),
      reopen: (log: Log) => open(records.get(log) ?? { firstSequence: 1, records: [] }),
    }
  }
  const forgetful = (good: MemoryLog, kept: MemoryLogRecords): Partial<Log> => ({
    close: async () => {
      await good.close()
      if (kept.records.length === 0) kept.firstSequence = 1
    },
  })
  const BUGS: readonly (readonly [bug: string, check: string, bad: Bad])[] = [
    ['sequences from zero', 'begins empty at sequence 1', () => ({ firstSequence: 0, nextSequence: 0 })],
    [
      'empty records dropped',
      'gives back records in order, of any size, empty ones too',
      (good) => ({
        append: (records) => good.append(records.filter((record) => record.length > 0)),
      }),
    ],
    [
      'reading from the first always',
      'gives back records in order, of any size, empty ones too',
      (good) => ({
        read: () => good.read(good.firstSequence),
      }),
    ],
    [
      'appends that overtake each other',
      'numbers overlapping appends in the order of the calls',
      (good) => ({
        append: async (records) => {
          await new Promise((resolve) => setTimeout(resolve, 20 - (records[0]?.length ?? 0) / 20))
          return good.append(records)
        },
      }),
    ],
    [
      'the last sequence for the first',
      'gives back records in order, of any size, empty ones too',
      (good) => ({
        append: async (records) => (await good.append(records)) + records.length - 1,
      }),
    ],
    [
      'a sequence spent on nothing',
      'appends nothing for no records',
      (good) => ({
        append: async (records) => (await good.append(records)) + (records.length === 0 ? 1 : 0),
      }),
    ],
    [
      'the last record lost on closing',
      'is the same after being closed and opened, and goes on counting',
      (good, kept) => ({
        close: async () => {
          await good.close()
          kept.records.pop()
        },
      }),
    ],
    [
      'one record too many truncated',
      'forgets what is truncated, and nothing after it',
      (good) => ({
        truncateBefore: (sequence) => good.truncateBefore(Math.min(sequence + 1, good.nextSequence)),
      }),
    ],
    ['sequences that begin again', 'goes on counting after everything was truncated', forgetful],
    [
      'no records for sequences that never were',
      'refuses sequences that are not there',
      (good) => ({
        read: (sequence) =>
          good.read(Math.min(Math.max(good.firstSequence, Math.floor(sequence) || 1), good.nextSequence)),
      }),
    ],
    [
      'bytes kept instead of copied',
      'keeps none of the bytes passed to it',
      (good, kept) => ({
        append: async (records) => {
          const first = await good.append([])
          kept.records.push(...records)
          return first
        },
      }),
    ],
    [
      'a reader that stops early',
      'reads while it grows',
      (good) => ({
        async *read(sequence: number): AsyncGenerator<LogRecord> {
          for await (const record of good.read(sequence)) if (record.sequence < 9) yield record
        },
      }),
    ],
    [
      'an append after close',
      'ends every call after close with closed',
      (good) => ({
        append: async (records) => good.append(records).catch(() => 1),
      }),
    ],
  ]

  test.each(BUGS)('%s', async (_, name, bad) => {
    await expectCaught(
      logChecks,
      name,
      logs(() => ({})),
      logs(bad),
    )
  })
})
