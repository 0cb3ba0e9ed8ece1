import { OmenError } from './errors.ts'

/**
 * Where a database keeps its bytes: files in one flat folder. Few methods, so that a double that injects faults is short.
 *
 * Durability, stated once: what a resolved call changed survives a power cut, name and bytes, unless the call says otherwise.
 * A call that failed with `io` or `disk_full` has an unknown outcome only where its text says so.
 *
 * Names are 1 to 200 characters out of `A–Z a–z 0–9 . _ -` and do not begin with a dot; any other throws `invalid_argument`.
 * No call changes or keeps the bytes passed to it after its promise settles.
 */
export interface StorageBackend {
  /** The files there are, in order of their names. */
  list(): Promise<StoredFile[]>
  /**
   * Opens a file for reading, as it is now: later changes, even removal, do not show in the region, save that bytes which
   * an append cuts off may be lost to it.
   *
   * @throws OmenError `not_found`, `io`
   */
  read(name: string): Promise<Region>
  /**
   * Writes a file that is not there yet. It is there whole or not at all, at any moment and after any failure.
   *
   * @param parts its bytes in order: borrowed
   * @throws OmenError `already_exists`; `disk_full`, `io`: then it is absent
   */
  writeOnce(name: string, parts: Iterable<Uint8Array>): Promise<void>
  /**
   * Puts new bytes in place of a file, or creates it: at any moment and after any failure it is whole, the old or the new.
   *
   * @param bytes borrowed
   * @throws OmenError `disk_full`, `io`: then it is the old one or the new one
   */
  replace(name: string, bytes: Uint8Array): Promise<void>
  /**
   * Makes a file of its first `offset` bytes followed by `bytes`: appends at its end, and cuts what lies beyond. With
   * offset 0 it may create the file; with no bytes it only cuts, or only syncs.
   *
   * A `buffered` append survives the end of the process but perhaps no power cut; a later `synced` one to the same
   * file makes all before it durable. Calls for one file must not overlap.
   *
   * @param bytes borrowed
   * @throws OmenError `not_found` for an offset above 0 in a file that is not there, `out_of_range` for one beyond its end:
   * then nothing changed; `disk_full`, `io`: then the first `offset` bytes are as they were and anything may follow them
   */
  append(name: string, offset: number, bytes: Uint8Array, durability: AppendDurability): Promise<void>
  /**
   * Removes a file, if it is there.
   *
   * @throws OmenError `io`: then it is there or not
   */
  remove(name: string): Promise<void>
  /**
   * Locks the folder against every other writer, in this process or another, until released or the process ends.
   *
   * @param holder who asks, for the message that others get
   * @throws OmenError `locked`, saying who holds it
   */
  lock(holder: string): Promise<StorageLock>
  /** Lets go of what it keeps open between calls; using it again opens that again. Regions and locks are not touched. */
  close(): Promise<void>
}

export type AppendDurability = 'buffered' | 'synced'

export interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
}

/** The bytes of a file as they were when it was opened. */
export interface Region {
  readonly sizeBytes: number
  /**
   * All bytes at once, where the backend can map them: borrowed until `close`, after which the view is empty, and never
   * to be written. Only for files that are complete, never for one that is appended to: undefined means `readInto`.
   */
  readonly mapped?: Uint8Array | undefined
  /**
   * Reads bytes `offset` … `offset + target.length − 1`.
   *
   * @param target overwritten
   * @throws OmenError `out_of_range` beyond the end, `closed`, `io`
   */
  readInto(target: Uint8Array, offset: number): Promise<void>
  /** Lets go of it; closing twice is fine. */
  close(): Promise<void>
}

export interface StorageLock {
  /** Lets others lock; releasing twice is fine. */
  release(): Promise<void>
}

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/

/** @throws OmenError `invalid_argument` for a name that a `StorageBackend` must refuse */
export function checkFileName(name: string): void {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new OmenError(
      'invalid_argument',
      `${JSON.stringify(name)} is no file name: 1 to 200 of A–Z a–z 0–9 . _ -, not beginning with a dot`,
    )
  }
}
