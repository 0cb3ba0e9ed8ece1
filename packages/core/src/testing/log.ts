import type { Log } from '../log.ts'
import { type Check, type Exceptions, ensure, ensureEqual, ensureFails, register } from './check.ts'

/** A `Log` to be tested. */
export interface LogSubject {
  /** A new, empty log. */
  create(): Log | Promise<Log>
  /** Opens again what the log, closed by now, has kept. */
  reopen(log: Log): Log | Promise<Log>
}

/** Everything that a `Log` must do, short of losing power. */
export const logChecks: readonly Check<LogSubject>[] = [
  {
    name: 'begins empty at sequence 1',
    async run(subject) {
      const log = await subject.create()
      ensureEqual([log.firstSequence, log.nextSequence], [1, 1], 'sequences')
      ensureEqual(await recordsFrom(log, 1), [], 'records')
      await log.close()
    },
  },
  {
    name: 'gives back records in order, of any size, empty ones too',
    async run(subject) {
      const log = await subject.create()
      const sizes = [0, 1, 3, 511, 512, 513, 65_536, 0, 100_000, 2]
      ensureEqual(await log.append(sizes.slice(0, 4).map(record)), 1, 'first sequence of a batch')
      ensureEqual(await log.append(sizes.slice(4).map(record)), 5, 'first sequence of the next')
      ensureEqual(log.nextSequence, 11, 'next sequence')
      for (const from of [1, 4, 5, 10, 11]) await ensureRecords(log, from, sizes)
      await log.close()
    },
  },
  {
    name: 'numbers overlapping appends in the order of the calls',
    async run(subject) {
      const log = await subject.create()
      const sizes = Array.from({ length: 60 }, (_, i) => i * 5)
      const firsts = await Promise.all(
        Array.from({ length: 20 }, (_, i) => log.append(sizes.slice(i * 3, i * 3 + 3).map(record))),
      )
      ensureEqual(
        firsts,
        Array.from({ length: 20 }, (_, i) => 1 + i * 3),
        'first sequences',
      )
      await ensureRecords(log, 1, sizes)
      await log.close()
    },
  },
  {
    name: 'appends nothing for no records',
    async run(subject) {
      const log = await subject.create()
      await log.append([record(1)])
      ensureEqual(await log.append([]), 2, 'sequence')
      ensureEqual(log.nextSequence, 2, 'next sequence')
      await log.close()
    },
  },
  {
    name: 'is the same after being closed and opened, and goes on counting',
    async run(subject) {
      const log = await subject.create()
      await log.append([0, 1, 2].map(record))
      await log.close()
      const opened = await subject.reopen(log)
      ensureEqual([opened.firstSequence, opened.nextSequence], [1, 4], 'sequences')
      ensureEqual(await opened.append([record(3)]), 4, 'first sequence after reopening')
      await opened.close()
      const again = await subject.reopen(opened)
      await ensureRecords(again, 1, [0, 1, 2, 3])
      await again.close()
    },
  },
  {
    name: 'forgets what is truncated, and nothing after it',
    async run(subject) {
      const log = await subject.create()
      const sizes = Array.from({ length: 50 }, (_, i) => i)
      for (let i = 0; i < 50; i += 5) await log.append(sizes.slice(i, i + 5).map(record))
      let before = 1
      for (const sequence of [1, 7, 7, 3, 26]) {
        await log.truncateBefore(sequence)
        const { firstSequence } = log
        ensure(
          firstSequence >= before && firstSequence <= Math.max(before, sequence),
          `first sequence is ${firstSequence}`,
        )
        before = firstSequence
        for (const from of [firstSequence, 26, 40, 51]) await ensureRecords(log, from, sizes)
        if (firstSequence > 1) {
          await ensureFails(() => recordsFrom(log, firstSequence - 1), 'out_of_range', 'reading what is gone')
        }
      }
      await log.close()
      const opened = await subject.reopen(log)
      ensureEqual([opened.firstSequence, opened.nextSequence], [before, 51], 'sequences after reopening')
      await ensureRecords(opened, 26, sizes)
      await opened.close()
    },
  },
  {
    name: 'goes on counting after everything was truncated',
    async run(subject) {
      const log = await subject.create()
      await log.append([0, 1, 2].map(record))
      await log.truncateBefore(4)
      ensure(log.firstSequence <= 4, `first sequence is ${log.firstSequence}`)
      await log.close()
      const opened = await subject.reopen(log)
      ensureEqual(opened.nextSequence, 4, 'next sequence')
      ensureEqual(await opened.append([record(3)]), 4, 'first sequence')
      await ensureRecords(opened, 4, [0, 1, 2, 3])
      await opened.close()
    },
  },
  {
    name: 'refuses sequences that are not there',
    async run(subject) {
      const log = await subject.create()
      await log.append([record(1)])
      for (const sequence of [0, -1, 3, 1.5, Number.NaN, Infinity]) {
        await ensureFails(() => recordsFrom(log, sequence), 'out_of_range', `reading from ${sequence}`)
        await ensureFails(() => log.truncateBefore(sequence), 'out_of_range', `truncating before ${sequence}`)
      }
      await ensureRecords(log, 1, [1])
      await log.close()
    },
  },
  {
    name: 'keeps none of the bytes passed to it',
    async run(subject) {
      const log = await subject.create()
      // A Buffer is a Uint8Array whose slice shares memory with it.
      const passed = typeof Buffer === 'undefined' ? record(9) : Buffer.from(record(9))
      await log.append([passed])
      passed.fill(0)
      await ensureRecords(log, 1, [9])
      await log.close()
    },
  },
  {
    name: 'reads while it grows',
    async run(subject) {
      const log = await subject.create()
      const sizes = Array.from({ length: 30 }, (_, i) => i)
      await log.append(sizes.slice(0, 10).map(record))
      const reading = recordsFrom(log, 1)
      await log.append(sizes.slice(10).map(record))
      const read = await reading
      ensure(read.length >= 10, `${read.length} records where at least 10 were there`)
      ensureEqual(
        read,
        sizes.slice(0, read.length).map((size) => [...record(size)]),
        'records',
      )
      await log.close()
    },
  },
  {
    name: 'ends every call after close with closed',
    async run(subject) {
      const log = await subject.create()
      await log.append([record(1)])
      await log.close()
      await log.close()
      await ensureFails(() => log.append([record(1)]), 'closed', 'append')
      await ensureFails(() => recordsFrom(log, 1), 'closed', 'read')
      await ensureFails(() => log.truncateBefore(1), 'closed', 'truncateBefore')
    },
  },
]

/**
 * Makes vitest tests out of everything that a `Log` must do.
 *
 * @param exceptions checks to skip, by name, each with its reason
 */
export function testLog(
  name: string,
  subject: LogSubject,
  { exceptions }: { readonly exceptions?: Exceptions } = {},
): void {
  register(`log ${name}`, logChecks, subject, exceptions)
}

function record(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 1 + ((i * 31 + size) % 255))
}

async function recordsFrom(log: Log, sequence: number): Promise<number[][]> {
  const records: number[][] = []
  let expected = sequence
  for await (const { sequence: got, bytes } of log.read(sequence)) {
    ensureEqual(got, expected++, 'sequence')
    records.push([...bytes])
  }
  return records
}

/** Checks that the log holds records of these sizes (the first is of sequence 1) from `from` on. */
async function ensureRecords(log: Log, from: number, sizes: readonly number[]): Promise<void> {
  const expected = sizes.slice(from - 1).map((size) => [...record(size)])
  ensureEqual(await recordsFrom(log, from), expected, `records from ${from} on`)
}
