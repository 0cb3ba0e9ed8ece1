import type { StorageBackend } from '@omen/core'
import { randomNumbers, testStorageBackend } from '@omen/core/testing'
import { describe, expect, test } from 'vitest'
import { Crashes, SimulatedDisk, storageOn } from './testing/index.ts'
import { bytesOf } from './testing/log-files.ts'

const disks = new WeakMap<StorageBackend, SimulatedDisk>()
const on = (disk: SimulatedDisk): StorageBackend => {
  const storage = storageOn(disk)
  disks.set(storage, disk)
  return storage
}
testStorageBackend('on a simulated disk', {
  create: () => on(new SimulatedDisk()),
  reopen: (storage) => on(disks.get(storage) ?? new SimulatedDisk()),
})

const OLD = bytesOf('old '.repeat(400))
const NEW = bytesOf('new '.repeat(500))

/** Changes of a file `f` that holds `OLD`, and what may be found of it after a crash while they run; then, when done. */
const CHANGES: readonly (readonly [
  name: string,
  change: (storage: StorageBackend) => Promise<void>,
  during: readonly (Uint8Array | undefined)[],
  done: Uint8Array | undefined,
])[] = [
  ['replace', (storage) => storage.replace('f', NEW), [OLD, NEW], NEW],
  ['remove', (storage) => storage.remove('f'), [OLD, undefined], undefined],
  [
    'remove and write once',
    async (storage) => {
      await storage.remove('f')
      await storage.writeOnce('f', [NEW.subarray(0, 700), NEW.subarray(700)])
    },
    [OLD, undefined, NEW],
    NEW,
  ],
]

describe.each(CHANGES)('%s', (_, change, during, done) => {
  const isOne = (found: Uint8Array | undefined, of: readonly (Uint8Array | undefined)[]): boolean =>
    of.some((each) => (each && found ? Buffer.compare(each, found) === 0 : each === found))

  test('is whole after a crash at any point, and durable when it resolves', async () => {
    const disk = new SimulatedDisk(new Map([['f', OLD]]))
    await change(storageOn(disk))
    const crashes = new Crashes(disk)
    const random = randomNumbers(1)
    for (let point = 0; point <= disk.operations.length; point++) {
      crashes.advance(point)
      for (let i = 0; i < 100; i++) {
        const found = crashes.state(random).get('f')
        const may = point === disk.operations.length ? [done] : during
        expect(isOne(found, may), `after ${point} operations: ${found?.length} bytes`).toBe(true)
      }
    }
  })

  test.each(['EIO', 'ENOSPC'] as const)('leaves the file whole when any call fails: %s', async (code) => {
    for (let at = 0; ; at++) {
      const disk = new SimulatedDisk(new Map([['f', OLD]]))
      disk.fail({ at, code, forever: false, partialBytes: 600 })
      const outcome = await change(storageOn(disk)).then(
        () => 'done',
        (error: { code: string }) => error.code,
      )
      expect(['done', 'io', 'disk_full']).toContain(outcome)
      const files = disk.contents()
      expect(isOne(files.get('f'), during)).toBe(true)
      if (outcome === 'done') expect(isOne(files.get('f'), [done])).toBe(true)
      if (disk.calls <= at) return
    }
  })
})

test('a full disk and a failed sync are told apart', async () => {
  const disk = new SimulatedDisk()
  const storage = storageOn(disk)
  await storage.append('log', 0, OLD, 'synced')
  disk.fail({ at: disk.calls, code: 'ENOSPC', forever: false })
  await expect(storage.append('log', OLD.length, NEW, 'synced')).rejects.toMatchObject({ code: 'disk_full' })
  disk.fail({ at: disk.calls + 1, code: 'EIO', forever: false })
  await expect(storage.append('log', OLD.length, NEW, 'synced')).rejects.toMatchObject({ code: 'io' })
})

test('a buffered append is durable once a later one is synced, its name too', async () => {
  const disk = new SimulatedDisk()
  const storage = storageOn(disk)
  await storage.append('log', 0, OLD, 'buffered')
  await storage.append('log', OLD.length, new Uint8Array(0), 'synced')
  const crashes = new Crashes(disk)
  crashes.advance(disk.operations.length)
  const found = crashes.state(randomNumbers(1)).get('log')
  expect(Buffer.compare(found ?? NEW, OLD)).toBe(0)
})

test('what a crash left unfinished and cannot be removed does not keep the folder from being locked', async () => {
  const disk = new SimulatedDisk(new Map([['.f.1.tmp', OLD]]))
  const storage = on(disk)
  disk.fail({ at: disk.calls, code: 'EIO', forever: true })
  const lock = await storage.lock('one')
  await lock.release()
  disk.fail(undefined)
  await (await storage.lock('another')).release()
  expect([...disk.contents().keys()]).toEqual([])
})
