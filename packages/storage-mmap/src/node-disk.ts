import type { Stats } from 'node:fs'
import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageLock, StoredFile } from '@omen/core'
import { nativeFiles } from '@omen/native'
import type { Disk, DiskFile, DiskMode, FileMap } from './disk.ts'
import { lockFolder } from './lock.ts'

const FLAGS: Readonly<Record<DiskMode, string>> = { read: 'r', write: 'r+', create: 'wx+' }

/** A folder of the real file system. */
export class NodeDisk implements Disk {
  readonly #folder: string
  readonly #maps: boolean

  /** @param maps whether files may be mapped, where the accelerator can */
  constructor(folder: string, maps: boolean) {
    this.#folder = folder
    this.#maps = maps
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  async list(): Promise<StoredFile[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
    const sizes = await Promise.all(names.map((name) => stat(this.path(name)).catch(ifMissing)))
    return names.flatMap((name, i) => {
      const found = sizes[i]
      return found ? [{ name, sizeBytes: found.size }] : []
    })
  }

  async open(name: string, mode: DiskMode): Promise<DiskFile> {
    return new NodeFile(await open(this.path(name), FLAGS[mode]), this.#maps)
  }

  rename(from: string, to: string): Promise<void> {
    return rename(this.path(from), this.path(to))
  }

  unlink(name: string): Promise<void> {
    return unlink(this.path(name))
  }

  async syncFolder(): Promise<void> {
    // Windows neither needs nor allows it.
    if (process.platform === 'win32') return
    const folder = await open(this.#folder, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  lock(holder: string): Promise<StorageLock> {
    return lockFolder(this.#folder, holder)
  }
}

class NodeFile implements DiskFile {
  readonly #handle: FileHandle
  readonly #maps: boolean

  constructor(handle: FileHandle, maps: boolean) {
    this.#handle = handle
    this.#maps = maps
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    let at = 0
    while (at < target.length) {
      const { bytesRead } = await this.#handle.read(target, at, target.length - at, offset + at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return at
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, offset + at)
      at += bytesWritten
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#handle.truncate(sizeBytes)
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  map(sizeBytes: number): FileMap | undefined {
    const native = this.#maps ? nativeFiles() : undefined
    const buffer = native?.map(this.#handle.fd, sizeBytes)
    if (!native || !buffer) return undefined
    return { bytes: new Uint8Array(buffer), unmap: () => native.unmap(buffer) }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** A file that went away between being listed and being looked at is none. */
function ifMissing(error: NodeJS.ErrnoException): Stats | undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
