import { randomNumbers } from '../random.ts'
import type { Region, StorageBackend } from '../storage.ts'
import { type Check, type Exceptions, ensure, ensureEqual, ensureFails, register } from './check.ts'

/** A `StorageBackend` to be tested. */
export interface StorageSubject {
  /** A backend over a new, empty folder. */
  create(): StorageBackend | Promise<StorageBackend>
  /** Another backend over the same folder, as another process would open it. Left out where there is no such thing. */
  reopen?(storage: StorageBackend): StorageBackend | Promise<StorageBackend>
}

/** Everything that a `StorageBackend` must do, short of losing power. */
export const storageChecks: readonly Check<StorageSubject>[] = [
  {
    name: 'begins empty, and lists files in order of their names',
    async run(subject) {
      const storage = await subject.create()
      ensureEqual(await storage.list(), [], 'files')
      for (const name of ['b', 'a.2', 'a.10', 'Z']) await storage.writeOnce(name, [bytes(name.length)])
      ensureEqual(
        await storage.list(),
        [
          { name: 'Z', sizeBytes: 1 },
          { name: 'a.10', sizeBytes: 4 },
          { name: 'a.2', sizeBytes: 3 },
          { name: 'b', sizeBytes: 1 },
        ],
        'files',
      )
    },
  },
  {
    name: 'writes once, from parts of any size',
    async run(subject) {
      const storage = await subject.create()
      const parts = [bytes(0), bytes(3), bytes(100_000), bytes(1)]
      await storage.writeOnce('file', parts)
      ensureEqual(
        await contents(storage, 'file'),
        parts.flatMap((part) => [...part]),
        'bytes',
      )
      await ensureFails(() => storage.writeOnce('file', [bytes(2)]), 'already_exists', 'writing it again')
      ensureEqual((await contents(storage, 'file')).length, 100_004, 'size after writing it again')
      await storage.writeOnce('empty', [])
      ensureEqual(await contents(storage, 'empty'), [], 'bytes of an empty file')
    },
  },
  {
    name: 'replaces, and creates by replacing',
    async run(subject) {
      const storage = await subject.create()
      await storage.replace('file', bytes(10))
      ensureEqual(await contents(storage, 'file'), bytes(10), 'bytes')
      await storage.replace('file', bytes(3))
      ensureEqual(await contents(storage, 'file'), bytes(3), 'bytes after replacing')
      ensureEqual((await storage.list()).length, 1, 'files')
    },
  },
  {
    name: 'appends, cuts, and refuses to leave a hole',
    async run(subject) {
      const storage = await subject.create()
      await storage.append('log', 0, bytes(5), 'synced')
      await storage.append('log', 5, bytes(7), 'buffered')
      await storage.append('log', 12, bytes(0), 'synced')
      ensureEqual(await contents(storage, 'log'), [...bytes(5), ...bytes(7)], 'bytes')
      await storage.append('log', 3, bytes(1), 'synced')
      ensureEqual(
        await contents(storage, 'log'),
        [...bytes(5).subarray(0, 3), ...bytes(1)],
        'bytes after cutting',
      )
      await storage.append('log', 2, bytes(0), 'synced')
      ensureEqual((await contents(storage, 'log')).length, 2, 'size after only cutting')
      for (const offset of [3, -1, 0.5, Number.NaN]) {
        await ensureFails(
          () => storage.append('log', offset, bytes(1), 'synced'),
          'out_of_range',
          `offset ${offset}`,
        )
      }
      await ensureFails(
        () => storage.append('other', 1, bytes(1), 'synced'),
        'not_found',
        'no file to append to',
      )
      ensureEqual((await storage.list()).length, 1, 'files')
      await storage.append('created', 0, bytes(0), 'synced')
      ensureEqual(await contents(storage, 'created'), [], 'bytes of a file created empty')
    },
  },
  {
    name: 'appends many small pieces',
    async run(subject) {
      const storage = await subject.create()
      const expected: number[] = []
      for (let i = 0; i < 300; i++) {
        const piece = bytes(1 + (i % 13))
        await storage.append('log', expected.length, piece, i % 10 === 0 ? 'synced' : 'buffered')
        expected.push(...piece)
      }
      ensureEqual(await contents(storage, 'log'), expected, 'bytes')
    },
  },
  {
    name: 'keeps a region as it was when it was opened',
    async run(subject) {
      const storage = await subject.create()
      await storage.append('log', 0, bytes(8), 'synced')
      await storage.replace('current', bytes(4))
      const [log, current] = [await storage.read('log'), await storage.read('current')]
      await storage.append('log', 8, bytes(100), 'synced')
      ensureEqual(await all(log), bytes(8), 'a region of a file that grew')
      await storage.replace('current', bytes(9))
      ensureEqual(await all(current), bytes(4), 'a region of a file that was replaced')
      await storage.remove('current')
      ensureEqual(await all(current), bytes(4), 'a region of a file that was removed')
      ensureEqual(log.sizeBytes, 8, 'size of the region')
      await Promise.all([log.close(), current.close()])
    },
  },
  {
    name: 'reads parts of a region, many at a time, and none beyond its end or after close',
    async run(subject) {
      const storage = await subject.create()
      const whole = bytes(5000)
      await storage.writeOnce('file', [whole])
      const region = await storage.read('file')
      const random = randomNumbers(1)
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const offset = Math.floor(random() * 5000)
          const target = new Uint8Array(Math.floor(random() * (5000 - offset)))
          await region.readInto(target, offset)
          ensureEqual(target, whole.subarray(offset, offset + target.length), `bytes from ${offset} on`)
        }),
      )
      await region.readInto(new Uint8Array(0), 5000)
      for (const [length, offset] of [
        [1, 5000],
        [5001, 0],
        [1, -1],
        [0, 5001],
        [1, 0.5],
      ] as const) {
        const read = (): Promise<void> => region.readInto(new Uint8Array(length), offset)
        await ensureFails(read, 'out_of_range', `${length} bytes from ${offset} on`)
      }
      if (region.mapped) ensureEqual(region.mapped, whole, 'mapped bytes')
      await region.close()
      await region.close()
      ensureEqual(region.mapped?.length ?? 0, 0, 'mapped bytes after close')
      await ensureFails(() => region.readInto(new Uint8Array(1), 0), 'closed', 'reading after close')
    },
  },
  {
    name: 'removes, even what is not there, and lets the name be used again',
    async run(subject) {
      const storage = await subject.create()
      await storage.writeOnce('file', [bytes(3)])
      await storage.remove('file')
      await storage.remove('file')
      await ensureFails(() => storage.read('file'), 'not_found', 'reading it')
      ensureEqual(await storage.list(), [], 'files')
      await storage.writeOnce('file', [bytes(4)])
      ensureEqual(await contents(storage, 'file'), bytes(4), 'bytes')
    },
  },
  {
    name: 'refuses names that could lead elsewhere',
    async run(subject) {
      const storage = await subject.create()
      for (const name of [
        '',
        '.',
        '..',
        '../x',
        'a/b',
        'a\\b',
        '.hidden',
        'a b',
        'é',
        'a\0',
        'x'.repeat(201),
      ]) {
        const calls = [
          () => storage.read(name),
          () => storage.writeOnce(name, []),
          () => storage.replace(name, bytes(1)),
          () => storage.append(name, 0, bytes(1), 'synced'),
          () => storage.remove(name),
        ]
        for (const call of calls)
          await ensureFails(call, 'invalid_argument', `the name ${JSON.stringify(name)}`)
      }
      for (const name of ['a', 'x'.repeat(200), 'constructor', '__proto__', 'A-b_c.1']) {
        await storage.writeOnce(name, [bytes(1)])
      }
      ensureEqual((await storage.list()).length, 5, 'files')
    },
  },
  {
    name: 'keeps none of the bytes passed to it',
    async run(subject) {
      const storage = await subject.create()
      // A Buffer is a Uint8Array whose slice shares memory with it.
      const passed = typeof Buffer === 'undefined' ? bytes(20) : Buffer.from(bytes(20))
      await storage.writeOnce('once', [passed])
      await storage.replace('replaced', passed)
      await storage.append('appended', 0, passed, 'synced')
      passed.fill(0)
      for (const name of ['once', 'replaced', 'appended']) {
        ensureEqual(await contents(storage, name), bytes(20), `bytes of ${name}`)
      }
      const target = new Uint8Array(20)
      const region = await storage.read('once')
      await region.readInto(target, 0)
      target.fill(0)
      ensureEqual(await all(region), bytes(20), 'bytes after what was read was overwritten')
      await region.close()
    },
  },
  {
    name: 'lets one lock at a time, and says who',
    async run(subject) {
      const storage = await subject.create()
      const lock = await storage.lock('the first writer')
      await ensureFails(() => storage.lock('the second'), 'locked', 'a second lock')
      const message = await storage.lock('the second').catch((error: Error) => error.message)
      ensure(String(message).includes('the first writer'), `the message does not say who: ${message}`)
      await lock.release()
      await lock.release()
      const next = await storage.lock('the second')
      await lock.release()
      await ensureFails(
        () => storage.lock('the third'),
        'locked',
        'a lock after the first was released again',
      )
      await storage.close()
      await ensureFails(() => storage.lock('the third'), 'locked', 'a lock after closing the backend')
      await next.release()
    },
  },
  {
    name: 'is the same to another that opens it',
    async run(subject) {
      if (!subject.reopen) return
      const storage = await subject.create()
      await storage.writeOnce('once', [bytes(3)])
      await storage.replace('replaced', bytes(4))
      await storage.append('appended', 0, bytes(5), 'synced')
      const other = await subject.reopen(storage)
      ensureEqual(await other.list(), await storage.list(), 'files')
      for (const [name, size] of [
        ['once', 3],
        ['replaced', 4],
        ['appended', 5],
      ] as const) {
        ensureEqual(await contents(other, name), bytes(size), `bytes of ${name}`)
      }
      const lock = await storage.lock('one')
      await ensureFails(() => other.lock('other'), 'locked', 'a lock by the other')
      await lock.release()
      await (await other.lock('other')).release()
    },
  },
]

/**
 * Makes vitest tests out of everything that a `StorageBackend` must do.
 *
 * @param exceptions checks to skip, by name, each with its reason
 */
export function testStorageBackend(
  name: string,
  subject: StorageSubject,
  { exceptions }: { readonly exceptions?: Exceptions } = {},
): void {
  register(`storage backend ${name}`, storageChecks, subject, exceptions)
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 1 + ((i * 7 + length) % 255))
}

async function contents(storage: StorageBackend, name: string): Promise<Uint8Array> {
  const region = await storage.read(name)
  const whole = await all(region)
  await region.close()
  return whole
}

async function all(region: Region): Promise<Uint8Array> {
  const target = new Uint8Array(region.sizeBytes)
  await region.readInto(target, 0)
  return target
}
