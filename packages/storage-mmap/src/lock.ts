import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { OmenError, type StorageLock } from '@omen/core'
import { fileError } from '@omen/core/file'
import { nativeFiles } from '@omen/native'

/** What stands in the lock file: who holds it, for messages, and for those who cannot ask the system. */
interface Holder {
  readonly holder: string
  readonly pid: number
  /** When the process began, as the system says it: a number that its successor of the same pid does not have. */
  readonly began: string
  /** `system`: the lock ends with the process whatever stands here. `file`: what stands here is the lock. */
  readonly by: 'system' | 'file'
}

/**
 * Locks a folder against every other writer by the lock of the system on its file `.lock`, or, where there is none, by the
 * text of that file. The two respect each other.
 *
 * @param holder who asks, for the message that others get
 * @throws OmenError `locked` naming the holder and its process, `io`
 */
export async function lockFolder(folder: string, holder: string): Promise<StorageLock> {
  const path = join(folder, '.lock')
  try {
    return nativeFiles() ? await lockBySystem(path, holder) : await lockByFile(path, holder)
  } catch (error) {
    throw fileError(error, 'lock', path)
  }
}

async function lockBySystem(path: string, holder: string): Promise<StorageLock> {
  for (;;) {
    const file = await open(path, 'a+')
    try {
      const locked = nativeFiles()?.lock(file.fd)
      if (locked === undefined) {
        await file.close()
        return await lockByFile(path, holder)
      }
      const known = await readHolder(path)
      if (!locked || (known?.by === 'file' && (await isAlive(known)))) throw lockedError(path, known)
      // Another may have set aside the file while it was being opened: the lock of a file without the name locks nothing.
      if ((await isNamed(file, path)) && (await writeHolder(file, await describe(holder, 'system')))) {
        return releasing(async () => {
          await file.truncate(0)
          await file.close()
        })
      }
      await file.close()
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }
}

async function lockByFile(path: string, holder: string): Promise<StorageLock> {
  for (;;) {
    const file = await open(path, 'wx').catch(ifThere)
    if (file) {
      await writeHolder(file, await describe(holder, 'file'))
      await file.close()
      return releasing(() => unlink(path))
    }
    const known = await readHolder(path)
    if (known && (await isAlive(known))) throw lockedError(path, known)
    await setAside(path, known)
  }
}

/** Takes a dead holder's file out of the way; that of a living one, which came between, is put back. */
async function setAside(path: string, dead: Holder | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(ifMissing)
  const found = await readHolder(aside)
  if (found && JSON.stringify(found) !== JSON.stringify(dead)) await rename(aside, path)
  else await unlink(aside).catch(ifMissing)
}

function releasing(release: () => Promise<void>): StorageLock {
  let released: Promise<void> | undefined
  return {
    release: () => {
      released ??= release()
      return released
    },
  }
}

async function describe(holder: string, by: Holder['by']): Promise<Holder> {
  return { holder, pid: process.pid, began: (await beganAt(process.pid)) ?? '', by }
}

async function writeHolder(file: FileHandle, holder: Holder): Promise<true> {
  await file.truncate(0)
  await file.write(`${JSON.stringify(holder)}\n`, 0)
  return true
}

/** The holder that the file names, when it names one. */
async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(ifMissing)
  try {
    const { holder, pid, began, by } = JSON.parse(text ?? '') as Partial<Holder>
    if (typeof holder !== 'string' || !Number.isInteger(pid) || pid === undefined) return undefined
    return { holder, pid, began: String(began), by: by === 'file' ? 'file' : 'system' }
  } catch {
    return undefined
  }
}

async function isAlive({ pid, began }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // A process of somebody else is alive, and refuses.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  return began === '' || (await beganAt(pid)) === began
}

/** When a process began, in ticks since the system did; undefined where the system does not say. */
async function beganAt(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name of the program, in parentheses, may hold anything; what follows is numbers, the 20th of them the start.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}

async function isNamed(file: FileHandle, path: string): Promise<boolean> {
  const [own, named] = await Promise.all([file.stat(), stat(path).catch(ifMissing)])
  return named?.ino === own.ino
}

function lockedError(path: string, known: Holder | undefined): OmenError {
  const who = known ? `${known.holder} (process ${known.pid})` : 'another writer'
  return new OmenError('locked', `${who} holds the lock ${path}: only one may write at a time`)
}

const ifMissing = ignoring('ENOENT')
const ifThere = ignoring('EEXIST')

function ignoring(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code === code) return undefined
    throw error
  }
}
