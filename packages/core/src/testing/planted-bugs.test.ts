import { describe, expect, test } from 'vitest'
import { type Log, type LogRecord, MemoryLog, type MemoryLogRecords } from '../log.ts'
import { MemoryStorage } from '../memory-storage.ts'
import { none } from '../none.ts'
import type { Codec, Quantizer, Scorer } from '../quantizer.ts'
import type { Region, StorageBackend } from '../storage.ts'
import type { Check } from './check.ts'
import { logChecks, type QuantizerSubject, quantizerChecks, storageChecks } from './index.ts'

/** Runs the check of this name over a good subject, where it must pass, and over a bad one, where it must not. */
async function expectCaught<Subject>(
  checks: readonly Check<Subject>[],
  name: string,
  good: Subject,
  bad: Subject,
): Promise<void> {
  const check = checks.find((each) => each.name === name)
  if (!check) throw new Error(`no check is called "${name}"`)
  await check.run(good)
  // An error of the subject itself would show nothing: it is the check that must complain.
  await expect(check.run(bad)).rejects.toSatisfy((error) => !(error instanceof TypeError))
}

/** An object of which some members are replaced. */
function plant<Kind extends object>(good: Kind, members: Partial<Kind>): Kind {
  return new Proxy(good, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name)
      const member: unknown = Reflect.get(good, name, good)
      return typeof member === 'function' ? member.bind(good) : member
    },
  })
}

describe('the suite of quantizers catches', () => {
  const subject: QuantizerSubject = {
    quantizer: none(),
    metrics: ['l2', 'cosine'],
    bytesPerRow: ({ dimension }) => Math.ceil(dimension / 4) * 16,
    componentError: () => 0,
    integersExact: true,
  }
  const onlyFloats: Quantizer = {
    ...none(),
    train: (sample, shape) => {
      if (shape.metric === 'l2' || shape.metric === 'cosine') return none().train(sample, shape)
      throw Object.assign(new Error('unsupported'))
    },
  }
  const badCodec = (spoil: (codec: Codec) => Partial<Codec>): Quantizer => {
    const spoilt = (codec: Codec): Codec => ({ ...codec, ...spoil(codec) })
    return {
      name: 'none/1',
      train: (sample, shape) => spoilt(none().train(sample, shape)),
      open: (parameters, shape) => spoilt(none().open(parameters, shape)),
    }
  }
  const badScorer = (spoil: (scorer: Scorer) => Partial<Scorer>): Quantizer =>
    badCodec((codec) => ({ scorer: (slab) => plant(codec.scorer(slab), spoil(codec.scorer(slab))) }))

  const BUGS: readonly (readonly [bug: string, check: string, quantizer: Quantizer])[] = [
    ['a name without version', 'has a name with a version', { ...none(), name: 'none' }],
    ['an error without code for an unknown metric', 'refuses metrics it has no codes for', onlyFloats],
    [
      'padding left as it was',
      'makes codes of the size it says, zero where there is padding',
      badCodec(() => ({
        encode: (vector, code) =>
          code.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)),
      })),
    ],
    [
      'a code written one byte too far',
      'makes codes of the size it says, zero where there is padding',
      badCodec((codec) => ({
        encode(vector, code) {
          codec.encode(vector, code)
          new Uint8Array(code.buffer, code.byteOffset, code.length + 1)[code.length] = 1
        },
      })),
    ],
    [
      'a component lost in decoding',
      'gives components back within the error it promises',
      badCodec((codec) => ({
        decode(code, vector) {
          codec.decode(code, vector)
          vector[vector.length - 1] = 0
        },
      })),
    ],
    [
      'integers that come back rounded up',
      'gives integers back exactly, where it promises so',
      badCodec((codec) => ({
        decode(code, vector) {
          codec.decode(code, vector)
          for (const [i, x] of vector.entries()) vector[i] = x > 100 ? x + 1 : x
        },
      })),
    ],
    [
      'other codes after opening',
      'makes the same codec again from its parameters',
      {
        ...none(),
        open: (parameters, shape) => {
          const codec = none().open(parameters, shape)
          return {
            ...codec,
            encode: (vector, code) =>
              codec.encode(
                vector.map((x) => -x),
                code,
              ),
          }
        },
      },
    ],
    [
      'any parameters taken',
      'refuses parameters that no training gives',
      { ...none(), open: (_, shape) => none().train(new Float32Array(1), shape) },
    ],
    [
      'distances a percent off',
      'scores near the true distances',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query),
        score(rows, count, distances) {
          scorer.score(rows, count, distances)
          for (let i = 0; i < count; i++) distances[i] = (distances[i] as number) * 1.01
        },
      })),
    ],
    [
      'distances that ignore half of the components',
      'ranks the true nearest among the nearest',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query.map((x, i) => (i % 2 === 0 ? x : 0)) as Float32Array),
        score: (rows, count, distances) => scorer.score(rows, count, distances),
      })),
    ],
    [
      'a bound row off by one',
      'scores a row bound as the vector that its code stands for',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query),
        bindRow: (row) => scorer.bindRow(row + 1),
        score: (rows, count, distances) => scorer.score(rows, count, distances),
      })),
    ],
    [
      'more distances than asked for',
      'scores any rows in any order, only as many as asked for, in a slab that grows',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query),
        score: (rows, _, distances) => scorer.score(rows, rows.length, distances),
      })),
    ],
    [
      'a sample changed while training',
      'leaves vectors as they are',
      {
        ...none(),
        train: (sample, shape) => {
          sample[0] = 0.123
          return none().train(sample, shape)
        },
      },
    ],
    [
      'division by a range of zero',
      'trains on a single vector, and on vectors all alike',
      badCodec((codec) => ({
        decode(code, vector) {
          codec.decode(code, vector)
          if (vector.every((x) => x === vector[0])) vector.fill(Number.NaN)
        },
      })),
    ],
  ]

  test.each(BUGS)('%s', async (_, name, quantizer) => {
    // The good one has codes for all metrics, and so nothing to refuse.
    const good = name.startsWith('refuses metrics')
      ? { ...subject, metrics: ['l2', 'dot', 'cosine', 'hamming'] as const }
      : subject
    await expectCaught(quantizerChecks, name, good, { ...subject, quantizer })
  })
})

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
