import { randomNumbers } from '@omen/core/testing'
import { describe, expect, test } from 'vitest'
import { Crashes, SimulatedDisk, storageOn } from '../testing/index.ts'
import { bytesOf, filesWith, openLog, reopen, textsOf } from '../testing/log-files.ts'
import { fileName, HEADER_BYTES, recordBytes } from './layout.ts'

const NAME = fileName(1)
const THREE = ['one', 'two', 'three']

/** The files of a log with one of them changed. */
function changed(
  files: ReadonlyMap<string, Uint8Array>,
  change: (bytes: Uint8Array) => Uint8Array,
  name: string = NAME,
): Map<string, Uint8Array> {
  const bytes = files.get(name)
  if (!bytes) throw new Error(`there is no ${name}`)
  return new Map([...files, [name, change(new Uint8Array(bytes))]])
}

describe('failures that other databases had', () => {
  test('qdrant#1735, #3090: the log cannot be read after a power loss', async () => {
    const disk = new SimulatedDisk()
    const log = await openLog(storageOn(disk))
    for (const text of THREE) await log.append([bytesOf(text)])
    const acknowledged = disk.operations.length
    await log.append([bytesOf('x'.repeat(3000)), bytesOf('y'.repeat(3000))])
    const crashes = new Crashes(disk)
    // The last write is done, its sync is not.
    crashes.advance(acknowledged + 1)
    const random = randomNumbers(1)
    const outcomes = new Set<number>()
    for (let i = 0; i < 300; i++) {
      const { texts } = await reopen(crashes.state(random))
      expect(texts.slice(0, 3)).toEqual(THREE)
      outcomes.add(texts.length)
    }
    expect([...outcomes].sort()).toEqual([3, 5])
  })

  test('qdrant#7877: part of an append on a full disk, and the next one after it', async () => {
    const disk = new SimulatedDisk()
    const log = await openLog(storageOn(disk))
    await log.append([bytesOf('before')])
    disk.fail({ at: disk.calls, code: 'ENOSPC', forever: false, partialBytes: 31 })
    await expect(log.append([bytesOf('lost')])).rejects.toMatchObject({ code: 'disk_full' })
    expect(disk.contents().get(NAME)).toHaveLength(HEADER_BYTES + recordBytes(6))
    await expect(log.append([bytesOf('after')])).resolves.toBe(2)
    expect(await textsOf(log)).toEqual(['before', 'after'])
    expect((await reopen(disk.contents())).texts).toEqual(['before', 'after'])
  })

  test('qdrant#9857: a tail of zeros, met again at every start', async () => {
    for (const closed of [true, false]) {
      const files = await filesWith(THREE, { closed })
      let zeroed = changed(files, (bytes) => new Uint8Array(Buffer.concat([bytes, new Uint8Array(5000)])))
      for (let start = 0; start < 3; start++) {
        const { disk, texts } = await reopen(zeroed)
        expect(texts).toEqual(THREE)
        zeroed = disk.contents()
      }
      const disk = new SimulatedDisk(zeroed)
      const log = await openLog(storageOn(disk))
      await log.append([bytesOf('four')])
      expect((await reopen(disk.contents())).texts).toEqual([...THREE, 'four'])
    }
  })

  test.each(['write', 'sync'])(
    'qdrant#7801: changes lost at an I/O error of a %s that passes',
    async (call) => {
      const disk = new SimulatedDisk()
      const log = await openLog(storageOn(disk))
      await log.append([bytesOf('before')])
      disk.fail({ at: disk.calls + (call === 'sync' ? 1 : 0), code: 'EIO', forever: false })
      await expect(log.append([bytesOf('unknown')])).rejects.toMatchObject({ code: 'io' })
      await expect(log.append([bytesOf('refused')])).rejects.toMatchObject({ code: 'io' })
      await log.close()
      const again = await openLog(storageOn(disk))
      await again.append([bytesOf('after')])
      const expected = call === 'sync' ? ['before', 'unknown', 'after'] : ['before', 'after']
      expect(await textsOf(again)).toEqual(expected)
      // Not even a power cut takes what is read now, though a sync of it failed once.
      const crashes = new Crashes(disk)
      crashes.advance(disk.operations.length)
      const random = randomNumbers(2)
      for (let i = 0; i < 50; i++) expect((await reopen(crashes.state(random))).texts).toEqual(expected)
    },
  )

  test('a block that the disk wrote in the wrong place', async () => {
    const size = recordBytes(4)
    const at = (index: number): number => HEADER_BYTES + index * size
    const files = await filesWith(['aaaa', 'bbbb', 'cccc'], { closed: false })
    const moved = changed(files, (bytes) => {
      bytes.copyWithin(at(1), at(0), at(1))
      return bytes
    })
    await expect(reopen(moved)).rejects.toMatchObject({ code: 'corrupt_log' })
    const moreOf = changed(files, (bytes) => new Uint8Array(Buffer.concat([bytes, bytes.subarray(at(1))])))
    expect((await reopen(moreOf)).texts).toEqual(['aaaa', 'bbbb', 'cccc'])
  })

  test('a file of another log under the right name', async () => {
    const [files, others] = [await filesWith(THREE), await filesWith(['four', 'five', 'six'])]
    const spliced = changed(files, (bytes) => {
      bytes.set(
        (others.get(NAME) ?? bytes).subarray(HEADER_BYTES, HEADER_BYTES + recordBytes(4)),
        HEADER_BYTES,
      )
      return bytes
    })
    await expect(reopen(spliced)).rejects.toMatchObject({ code: 'corrupt_log' })
  })

  test('a record that outlived the cut of the append it was in', async () => {
    const disk = new SimulatedDisk()
    const log = await openLog(storageOn(disk))
    await log.append([bytesOf('kept')])
    // All of it arrives, and is cut off again when the disk says that it is full.
    disk.fail({ at: disk.calls, code: 'ENOSPC', forever: false, partialBytes: 1000 })
    await expect(log.append(['lost', 'tail'].map(bytesOf))).rejects.toMatchObject({ code: 'disk_full' })
    const lost = disk.operations.findLast((operation) => operation.kind === 'write')
    await log.append([bytesOf('next')])
    // Its place, its file and its sequence are right: only what it follows is not.
    const tail = lost?.kind === 'write' ? lost.bytes.subarray(recordBytes(4)) : new Uint8Array(0)
    const stale = changed(disk.contents(), (bytes) => new Uint8Array(Buffer.concat([bytes, tail])))
    expect(stale.get(NAME)).toHaveLength(HEADER_BYTES + 3 * recordBytes(4))
    expect((await reopen(stale)).texts).toEqual(['kept', 'next'])
  })

  test('a file missing in the middle', async () => {
    const files = await filesWith(['a', 'b', 'c', 'd'], { fileBytes: 100 })
    const names = [...files.keys()].sort()
    expect(names.length).toBeGreaterThan(2)
    files.delete(names[1] ?? '')
    await expect(reopen(files)).rejects.toMatchObject({ code: 'corrupt_log' })
  })
})

describe('damage at every byte of a small log', () => {
  const isPrefix = (texts: readonly string[]): boolean => texts.every((text, i) => text === THREE[i])
  const outcome = (files: ReadonlyMap<string, Uint8Array>): Promise<readonly string[] | string> =>
    reopen(files).then(
      ({ texts }) => texts,
      (error: { code?: string }) => String(error.code),
    )

  test.each([true, false])('bits flipped: an error or what was appended (closed: %s)', async (closed) => {
    const files = await filesWith(THREE, { closed })
    const size = files.get(NAME)?.length ?? 0
    const dataEnd = HEADER_BYTES + THREE.reduce((sum, text) => sum + recordBytes(text.length), 0)
    const lastAt = dataEnd - recordBytes(5)
    for (let at = 0; at < size; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const found = await outcome(
          changed(files, (bytes) => bytes.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte))),
        )
        const where = `bit ${bit} of byte ${at}`
        // What is proven to have been durable is never cut; the proof itself may be, and the last record without one.
        if (at < (closed ? dataEnd : lastAt)) expect(found, where).toBe('corrupt_log')
        else expect(found, where).toEqual(closed ? THREE : THREE.slice(0, 2))
      }
    }
  })

  test.each([true, false])(
    'cut short: an error or the start of what was appended (closed: %s)',
    async (closed) => {
      const files = await filesWith(THREE, { closed })
      const size = files.get(NAME)?.length ?? 0
      for (let length = 0; length < size; length++) {
        const found = await outcome(changed(files, (bytes) => bytes.subarray(0, length)))
        if (typeof found === 'string') expect(found).toBe('corrupt_log')
        else expect(isPrefix(found), `cut to ${length}`).toBe(true)
        expect(typeof found === 'string', `cut to ${length}`).toBe(length < HEADER_BYTES)
      }
    },
  )
})
