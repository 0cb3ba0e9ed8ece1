import { randomNumbers } from '@omen/core/testing'
import { describe, expect, test } from 'vitest'
import { SimulatedDisk, storageOn } from '../testing/index.ts'
import { bytesOf, databaseId, openLog, textsOf } from '../testing/log-files.ts'
import { followLog } from './follow.ts'
import { fileName } from './layout.ts'

describe('a reader of a log that is written', () => {
  test('sees what was appended when it looks again, through new files and truncation', async () => {
    const disk = new SimulatedDisk()
    const log = await openLog(storageOn(disk), 300)
    const reader = await followLog(storageOn(disk), { databaseId })
    expect(await textsOf(reader)).toEqual([])
    const texts: string[] = []
    for (let i = 0; i < 30; i++) {
      texts.push(`record ${i}`)
      await log.append([bytesOf(`record ${i}`)])
      expect(reader.nextSequence).toBe(i + 1)
      await reader.refresh()
      expect(reader.nextSequence).toBe(i + 2)
    }
    expect(await textsOf(reader)).toEqual(texts)
    await log.truncateBefore(20)
    await expect(textsOf(reader)).rejects.toMatchObject({ code: 'out_of_range' })
    await reader.refresh()
    expect(reader.firstSequence).toBe(log.firstSequence)
    expect(await textsOf(reader)).toEqual(texts.slice(log.firstSequence - 1))
    expect(disk.operations.length).toBeGreaterThan(0)
    await reader.close()
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'closed' })
  })

  test('never sees part of an append, wherever its bytes end', async () => {
    const disk = new SimulatedDisk()
    const log = await openLog(storageOn(disk))
    await log.append([bytesOf('first')])
    const before = disk.contents().get(fileName(1))?.length ?? 0
    await log.append(['a', 'bb', 'ccc'].map(bytesOf))
    const files = disk.contents()
    const whole = files.get(fileName(1)) ?? new Uint8Array(0)
    for (let size = before; size <= whole.length; size++) {
      const partial = new SimulatedDisk(new Map([[fileName(1), whole.subarray(0, size)]]))
      const reader = await followLog(storageOn(partial), { databaseId })
      const all = size === whole.length
      expect(await textsOf(reader)).toEqual(all ? ['first', 'a', 'bb', 'ccc'] : ['first'])
      expect(partial.operations).toEqual([])
    }
  })

  test('goes on after its writer was opened again and wrote the end of the log anew', async () => {
    const disk = new SimulatedDisk()
    const log = await openLog(storageOn(disk))
    await log.append([bytesOf('one')])
    const reader = await followLog(storageOn(disk), { databaseId })
    // Not closed: whoever opens it next cannot know that the end is durable.
    const again = await openLog(storageOn(disk))
    await again.append([bytesOf('two')])
    await reader.refresh()
    expect(await textsOf(reader)).toEqual(['one', 'two'])
  })

  test('says so when what it saw is there no more', async () => {
    const disk = new SimulatedDisk()
    const storage = storageOn(disk)
    const log = await openLog(storage)
    await log.append([bytesOf('kept')])
    const { length } = disk.contents().get(fileName(1)) ?? []
    await log.append([bytesOf('seen')])
    const reader = await followLog(storageOn(disk), { databaseId })
    await storage.append(fileName(1), length ?? 0, new Uint8Array(0), 'synced')
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'stale' })
    const random = randomNumbers(3)
    await storage.append(
      fileName(1),
      length ?? 0,
      Uint8Array.from({ length: 64 }, () => random() * 256),
      'synced',
    )
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'stale' })
  })

  test('finds no log where there is none', async () => {
    const storage = storageOn(new SimulatedDisk())
    await expect(followLog(storage, { databaseId })).rejects.toMatchObject({ code: 'not_found' })
  })
})
