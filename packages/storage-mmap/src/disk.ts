import type { StorageLock, StoredFile } from '@omen/core'

/**
 * The calls of a file system that durability is made of, over the files of one folder: what stands between the storage
 * backend and the disk, so that a double can fail, tear and forget like one.
 *
 * Errors are those of the system, with its `code` (`ENOSPC`, …).
 */
export interface Disk {
  /** What messages call a file. */
  path(name: string): string
  /** The plain files there are, in any order, those whose names begin with a dot too. */
  list(): Promise<StoredFile[]>
  /** `create` fails with `EEXIST` where there is such a file, the others with `ENOENT` where there is none. */
  open(name: string, mode: DiskMode): Promise<DiskFile>
  /** Gives a file another name, in place of any that has it. */
  rename(from: string, to: string): Promise<void>
  /** Takes a name away; `ENOENT` where there is none. */
  unlink(name: string): Promise<void>
  /** Makes names durable: before it, any file created, renamed or unlinked since may be found as it was. */
  syncFolder(): Promise<void>
  lock(holder: string): Promise<StorageLock>
}

export type DiskMode = 'read' | 'write' | 'create'

/** An open file; it stays the same file when its name goes to another. */
export interface DiskFile {
  size(): Promise<number>
  /** Bytes read into the start of the target: fewer than it has room for only at the end of the file. */
  read(target: Uint8Array, offset: number): Promise<number>
  write(bytes: Uint8Array, offset: number): Promise<void>
  truncate(sizeBytes: number): Promise<void>
  /** Makes its bytes and size durable, its name not. After a failure nothing written since the last one may ever be. */
  sync(): Promise<void>
  /** Maps the first bytes, or gives undefined where that cannot be done. */
  map?(sizeBytes: number): FileMap | undefined
  close(): Promise<void>
}

export interface FileMap {
  readonly bytes: Uint8Array
  /** Empties the view, and every other of the same memory; unmapping twice is fine. */
  unmap(): void
}
