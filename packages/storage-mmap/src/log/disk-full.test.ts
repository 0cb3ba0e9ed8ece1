import { describe, expect, test } from 'vitest'
import { SimulatedDisk, storageOn } from '../testing/index.ts'
import { bytesOf, databaseId, reopen, textsOf } from '../testing/log-files.ts'
import { type FileLog, openFileLog } from './file-log.ts'

const open = (disk: SimulatedDisk): Promise<FileLog> =>
  openFileLog(storageOn(disk), { databaseId, fileBytes: 200, reserveBytes: 5000 })
const reserved = (disk: SimulatedDisk): number => disk.contents().get('log-reserve')?.length ?? 0

describe('a full disk', () => {
  test('refuses appends and leaves nothing of them, and reading goes on', async () => {
    const disk = new SimulatedDisk()
    const log = await open(disk)
    await log.append([bytesOf('before')])
    disk.fail({ at: disk.calls, code: 'ENOSPC', forever: true, partialBytes: 20 })
    for (let i = 0; i < 5; i++) {
      await expect(log.append([bytesOf(`lost ${i}`)])).rejects.toMatchObject({ code: 'disk_full' })
      expect(await textsOf(log)).toEqual(['before'])
    }
    disk.fail(undefined)
    expect(await log.append([bytesOf('after')])).toBe(2)
    await log.close()
    expect((await reopen(disk.contents())).texts).toEqual(['before', 'after'])
  })

  test('lets what is urgent use what was set aside, and nothing else of the same group', async () => {
    const disk = new SimulatedDisk()
    const log = await open(disk)
    expect(reserved(disk)).toBeGreaterThanOrEqual(5000)
    disk.fail({ at: disk.calls, code: 'ENOSPC', forever: false })
    const [plain, urgent] = await Promise.allSettled([
      log.append([bytesOf('more rows')]),
      log.append([bytesOf('a deletion')], { urgent: true }),
    ])
    expect(plain).toMatchObject({ status: 'rejected', reason: { code: 'disk_full' } })
    expect(urgent).toEqual({ status: 'fulfilled', value: 1 })
    expect(reserved(disk)).toBe(0)
    expect(await textsOf(log)).toEqual(['a deletion'])
    // What truncation gives back is set aside again.
    await log.truncateBefore(2)
    expect(reserved(disk)).toBeGreaterThanOrEqual(5000)
    await log.close()
  })

  test('lets a log be closed, and trimmed of whole files', async () => {
    const disk = new SimulatedDisk()
    const log = await open(disk)
    for (let i = 0; i < 10; i++) await log.append([bytesOf(`record ${i}`)])
    disk.fail({ at: disk.calls, code: 'ENOSPC', forever: true })
    await log.truncateBefore(log.nextSequence)
    expect(log.firstSequence).toBeGreaterThan(5)
    const { firstSequence } = log
    await log.close()
    disk.fail(undefined)
    const { texts } = await reopen(disk.contents())
    expect(texts).toEqual(
      Array.from({ length: 11 - firstSequence }, (_, i) => `record ${firstSequence - 1 + i}`),
    )
  })

  test('lets a log be opened whose end must be written again, by what was set aside', async () => {
    const disk = new SimulatedDisk()
    const log = await open(disk)
    await log.append([bytesOf('kept')])
    const crashed = new SimulatedDisk(disk.contents())
    crashed.fail({ at: crashed.calls, code: 'ENOSPC', forever: false })
    const again = await open(crashed)
    expect(await textsOf(again)).toEqual(['kept'])
    expect(crashed.operations.some((operation) => operation.kind === 'unlink')).toBe(true)
    await again.close()
  })
})

test('appends that come together share a sync', async () => {
  const log = await openFileLog(storageOn(new SimulatedDisk()), { databaseId, reserveBytes: 0 })
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 64 }, (_, i) => log.append([bytesOf(`${round}/${i}`)])))
  }
  expect(log.counters()).toMatchObject({ appends: 320, records: 320, syncs: 5 })
  await log.append([bytesOf('quick')], { durability: 'buffered' })
  expect(log.counters().syncs).toBe(5)
  expect(await log.sizeBytes()).toBeGreaterThan(321 * 40)
  await log.close()
})

test('a group is limited, and appends larger than it go alone', async () => {
  const log = await openFileLog(storageOn(new SimulatedDisk()), {
    databaseId,
    reserveBytes: 0,
    groupBytes: 1000,
  })
  await Promise.all(Array.from({ length: 10 }, () => log.append([new Uint8Array(400)])))
  expect(log.counters().syncs).toBe(5)
  await Promise.all(Array.from({ length: 3 }, () => log.append([new Uint8Array(4000)])))
  expect(log.counters().syncs).toBe(8)
  await log.close()
})
