import type { StorageBackend } from '@omen/core'
import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import { describe, expect, test } from 'vitest'
import type { Disk } from '../testing/index.ts'
import { type Bugs, crashRun, runLog } from '../testing/log-crashes.ts'
import type { LogFault } from './faults.ts'

const STATES = 60_000

test('crashes lose nothing acknowledged and invent nothing', { timeout: 600_000 }, async () => {
  await prove('crash states of the log', { seed: 20_240_602 }, async (proof) => {
    let [states, opened, runs] = [0, 0, 0]
    while (states < proofSize(STATES)) {
      const random = randomNumbers(proof.seed + runs)
      const result = await crashRun(await runLog(random), random, 20)
      expect(result.wrong, `in run ${runs}`).toBeUndefined()
      states += result.states
      opened += result.opened
      runs++
      proof.shown = `${states} states of ${runs} runs, ${opened} distinct`
    }
  })
})

/** A disk of which some calls do nothing, or something else. */
function brokenDisk(disk: Disk, members: Partial<Disk>): Disk {
  return new Proxy(disk, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name)
      const member: unknown = Reflect.get(disk, name, disk)
      return typeof member === 'function' ? member.bind(disk) : member
    },
  })
}

const fault = (name: LogFault): Bugs => ({ log: new Set([name]) })
const storageWith = (members: (good: StorageBackend) => Partial<StorageBackend>): Pick<Bugs, 'storage'> => ({
  storage: (good) => Object.assign(Object.create(good) as StorageBackend, bound(good), members(good)),
})
const bound = (good: StorageBackend): StorageBackend => ({
  list: () => good.list(),
  read: (name) => good.read(name),
  writeOnce: (name, parts) => good.writeOnce(name, parts),
  replace: (name, bytes) => good.replace(name, bytes),
  append: (name, offset, bytes, durability) => good.append(name, offset, bytes, durability),
  remove: (name) => good.remove(name),
  lock: (holder) => good.lock(holder),
  close: () => good.close(),
})

const PLANTED: readonly (readonly [bug: string, bugs: Bugs])[] = [
  ['the folder is never synced', { disk: (disk) => brokenDisk(disk, { syncFolder: async () => undefined }) }],
  [
    'files are never synced',
    {
      disk: (disk) =>
        brokenDisk(disk, {
          open: async (name, mode) => ({ ...(await disk.open(name, mode)), sync: async () => undefined }),
        }),
    },
  ],
  ['appends are acknowledged before they are synced', fault('early')],
  ['records count by themselves, not the whole append', fault('halves')],
  ['what was written when a sync failed is taken to be durable', fault('no-relog')],
  ['what a failed append left stays, and the next goes after it', fault('uncut')],
  [
    'a file is replaced in place, not by another',
    storageWith((good) => ({
      replace: (name, bytes) => good.append(name, 0, bytes, 'synced'),
    })),
  ],
  [
    'a new file has its name before its bytes',
    storageWith((good) => ({
      writeOnce: (name, parts) => good.append(name, 0, Buffer.concat([...parts]), 'synced'),
    })),
  ],
  [
    'old files go before new ones come',
    storageWith((good) => ({
      remove: async (name) => {
        const [first, second] = (await good.list()).filter((file) => file.name.startsWith('log-'))
        await good.remove(first?.name === name && second ? second.name : name)
      },
    })),
  ],
]

describe('the crashes catch that', () => {
  test.each(PLANTED)('%s', { timeout: 300_000 }, async (_, bugs) => {
    let wrong: string | undefined
    for (let seed = 1; seed <= 300 && wrong === undefined; seed++) {
      const random = randomNumbers(seed)
      wrong = await runLog(random, bugs).then(
        async (run) => (await crashRun(run, random, 6, bugs)).wrong,
        (error: unknown) => String(error),
      )
    }
    expect(wrong).toBeDefined()
  })
})
