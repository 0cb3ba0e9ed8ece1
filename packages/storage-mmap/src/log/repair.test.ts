import { describe, expect, test } from 'vitest'
import { SimulatedDisk, storageOn } from '../testing/index.ts'
import { bytesOf, databaseId, filesWith, openLog, reopen, textsOf } from '../testing/log-files.ts'
import { openFileLog } from './file-log.ts'
import { logDatabaseId, repairLog, verifyLog } from './repair.ts'

const TEXTS = Array.from({ length: 12 }, (_, i) => `record ${i}`)

async function damagedAt(file: number, byte: number): Promise<SimulatedDisk> {
  const files = await filesWith(TEXTS, { fileBytes: 250 })
  const name = [...files.keys()].sort()[file] ?? ''
  const bytes = files.get(name)
  if (bytes) bytes[byte] = (bytes[byte] ?? 0) ^ 4
  return new SimulatedDisk(files)
}

describe('verifyLog', () => {
  test('says of a whole log what it holds', async () => {
    const disk = new SimulatedDisk(await filesWith(TEXTS, { fileBytes: 250 }))
    const report = await verifyLog(storageOn(disk), { databaseId })
    expect(report).toMatchObject({ records: 12, tornBytes: 0, damage: [] })
    expect(report.files).toBeGreaterThan(3)
    expect(disk.operations).toEqual([])
  })

  test('names file and byte of every damage', async () => {
    const disk = await damagedAt(1, 80)
    const { damage } = await verifyLog(storageOn(disk), { databaseId })
    expect(damage).toMatchObject([{ file: expect.stringMatching(/^log-0+\d$/), offset: 72 }])
    expect(damage[0]?.why).toContain('checksum')
  })

  test('counts what a crash left as torn, not as damage', async () => {
    const files = await filesWith(['one'])
    const [name = ''] = files.keys()
    files.set(name, new Uint8Array(Buffer.concat([files.get(name) ?? new Uint8Array(0), new Uint8Array(99)])))
    const report = await verifyLog(storageOn(new SimulatedDisk(files)), { databaseId })
    expect(report).toMatchObject({ records: 1, tornBytes: 99, damage: [] })
  })
})

describe('repairLog', () => {
  test('leaves a whole log alone', async () => {
    const disk = new SimulatedDisk(await filesWith(TEXTS, { fileBytes: 250 }))
    expect((await repairLog(storageOn(disk), { databaseId })).setAside).toEqual([])
    expect(disk.operations).toEqual([])
  })

  test.each([
    ['a record in the first file', 0, 80],
    ['a record in the middle', 1, 80],
    ['a header in the middle', 2, 20],
    ['the first header', 0, 0],
  ])('keeps what comes before %s, and sets the rest aside', async (_, file, byte) => {
    const disk = await damagedAt(file, byte)
    const before = disk.contents()
    const { setAside, report } = await repairLog(storageOn(disk), { databaseId })
    expect(report.damage).toHaveLength(1)
    const after = disk.contents()
    const names = [...before.keys()].sort().slice(file)
    expect(setAside).toEqual(names.map((name) => `damaged-${name}-1`))
    for (const name of names) expect(after.get(`damaged-${name}-1`)).toEqual(before.get(name))
    const { texts, disk: opened } = await reopen(after)
    expect(texts).toEqual(TEXTS.slice(0, texts.length))
    expect(texts.length).toBeGreaterThanOrEqual(file)
    const log = await openLog(storageOn(opened))
    await log.append([bytesOf('again')])
    expect(await textsOf(log)).toEqual([...texts, 'again'])
    expect((await verifyLog(storageOn(opened), { databaseId })).damage).toEqual([])
  })

  test('gives up records that nobody needs, and keeps those behind the damage', async () => {
    const disk = await damagedAt(1, 80)
    const before = disk.contents()
    const [first = '', second = '', third = ''] = [...before.keys()].sort()
    const from = Number(third.slice(4))
    const options = { databaseId, from }
    expect((await verifyLog(storageOn(disk), options)).damage).toEqual([])
    const { setAside } = await repairLog(storageOn(disk), options)
    expect(setAside).toEqual([`damaged-${first}-1`, `damaged-${second}-1`])
    expect((await reopen(disk.contents())).texts).toEqual(TEXTS.slice(from - 1))
    // Needed from one record earlier on, all of it would have gone.
    const other = new SimulatedDisk(before)
    await repairLog(storageOn(other), { databaseId, from: from - 1 })
    expect((await reopen(other.contents())).texts.length).toBeLessThan(from)
  })

  test('says whose log it is', async () => {
    expect(await logDatabaseId(storageOn(await damagedAt(0, 0)))).toBe(databaseId)
    expect(await logDatabaseId(storageOn(new SimulatedDisk()))).toBeUndefined()
  })

  test('refuses a log of another database', async () => {
    const storage = storageOn(new SimulatedDisk(await filesWith(['one'])))
    const other = { databaseId: 'ffffffff-0000-0000-0000-000000000000' }
    await expect(repairLog(storage, other)).rejects.toMatchObject({ code: 'corrupt_log' })
    await expect(verifyLog(storage, { databaseId: 'no uuid' })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })

  test('a log that must exist is not begun anew', async () => {
    const storage = storageOn(new SimulatedDisk())
    const options = { databaseId, mustExist: true, reserveBytes: 0 }
    await expect(openFileLog(storage, options)).rejects.toMatchObject({ code: 'corrupt_log' })
    expect(await storage.list()).toEqual([])
    await (await openLog(storage)).close()
    await (await openFileLog(storage, options)).close()
  })
})
