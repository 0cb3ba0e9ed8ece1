import { existsSync } from 'node:fs'
import { mkdtemp, open, rm, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { openReadOnly } from '@omen/db'
import { fileStorage } from '@omen/storage-mmap'
import { sizeText } from '../output/sizes.ts'
import { advice, type Finding, ok, problem } from './finding.ts'

/** Magic numbers of file systems (statfs(2)), as far as something is to be said about them. */
const FILE_SYSTEMS: Readonly<
  Record<number, { readonly name: string; readonly kind: 'local' | 'network' | 'memory' }>
> = {
  61267: { name: 'ext4', kind: 'local' },
  1481003842: { name: 'xfs', kind: 'local' },
  2435016766: { name: 'btrfs', kind: 'local' },
  4076150800: { name: 'f2fs', kind: 'local' },
  801189825: { name: 'zfs', kind: 'local' },
  2035054128: { name: 'overlayfs', kind: 'local' },
  16914836: { name: 'tmpfs', kind: 'memory' },
  26985: { name: 'NFS', kind: 'network' },
  4283649346: { name: 'CIFS', kind: 'network' },
  4266872130: { name: 'SMB', kind: 'network' },
  16914839: { name: '9p', kind: 'network' },
  1702057286: { name: 'FUSE', kind: 'network' },
}

const MIN_FREE_BYTES = 2 ** 30
const SYNCS = 20
const SYNC_BYTES = 4096
/** A sync that is faster went to no disk. */
const SLOW_SYNC_MS = 20

/** What can be known about where a database lies, or is to lie. */
export async function examinePlace(directory: string): Promise<Finding[]> {
  const there = nearestThere(resolve(directory))
  return [
    await fileSystem(there),
    await space(there),
    ...(await files(there)),
    ...(await database(directory)),
  ]
}

/** The folder itself, or the one that it would be made in. */
function nearestThere(path: string): string {
  return existsSync(path) ? path : nearestThere(dirname(path))
}

async function fileSystem(folder: string): Promise<Finding> {
  const { type } = await statfs(folder)
  const found = FILE_SYSTEMS[type]
  const is = found?.name ?? `type 0x${type.toString(16)}`
  switch (found?.kind) {
    case 'network':
      return problem(
        'file system',
        is,
        'use a local one: this does not keep the promises that durability rests on',
      )
    case 'memory':
      return advice('file system', is, 'it lies in memory: nothing survives a power cut')
    default:
      return ok('file system', is)
  }
}

async function space(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= MIN_FREE_BYTES) return ok('free space', sizeText(free))
  return advice(
    'free space',
    sizeText(free),
    'make room: merging needs the size of the largest collection beside it',
  )
}

/** Tries what durability and the writer's lock need, in a folder that is removed again. */
async function files(folder: string): Promise<Finding[]> {
  let scratch: string
  try {
    scratch = await mkdtemp(join(folder, '.omen-doctor-'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [problem('writing', why, 'let this user write there')]
  }
  try {
    return [await locking(scratch), await syncing(scratch)]
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function locking(folder: string): Promise<Finding> {
  const storage = await fileStorage(folder)
  try {
    const lock = await storage.lock('doctor')
    await lock.release()
    return ok('locks', 'work')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return problem('locks', why, 'two writers could damage a database there: use another file system')
  } finally {
    await storage.close()
  }
}

async function syncing(folder: string): Promise<Finding> {
  const file = await open(join(folder, 'sync'), 'w')
  const times: number[] = []
  try {
    for (let i = 0; i < SYNCS; i++) {
      await file.write(Buffer.alloc(SYNC_BYTES, i), 0, SYNC_BYTES, i * SYNC_BYTES)
      const began = performance.now()
      await file.sync()
      times.push(performance.now() - began)
    }
  } finally {
    await file.close()
  }
  const median = times.sort((a, b) => a - b)[SYNCS >> 1] ?? 0
  const is = `${median.toFixed(2)} ms for ${SYNC_BYTES} bytes, the median of ${SYNCS}`
  if (median < SLOW_SYNC_MS) return ok('sync', is)
  return advice(
    'sync',
    is,
    'writes share syncs: send batches, or many at once; durability buffered does without',
  )
}

async function database(directory: string): Promise<Finding[]> {
  if (!existsSync(join(directory, 'CURRENT'))) return [ok('database', 'none there yet')]
  try {
    await using db = await openReadOnly(directory)
    const found = await db.collections()
    const rows = found.reduce((sum, each) => sum + each.rows, 0)
    return [ok('database', `opens, ${found.length} collections, ${rows.toLocaleString('en')} rows`)]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [problem('database', why, 'bring a backup back with omen restore, or try omen repair')]
  }
}
