import { load } from './load.ts'

/** What Node cannot ask of the file system. */
export interface NativeFiles {
  /**
   * Maps the first bytes of an open file, read-only: a write to them ends the process, and so does reading them once the
   * file is cut shorter. The mapping outlives the descriptor; it ends with `unmap`, or when nothing refers to it.
   *
   * @param descriptor of a file open for reading
   * @returns undefined where the system cannot
   * @throws Error when the file is shorter than that
   */
  map(descriptor: number, sizeBytes: number): ArrayBuffer | undefined
  /** Ends a mapping: every view of it is empty from now on. No native call may be reading it. Twice is fine. */
  unmap(buffer: ArrayBuffer): void
  /**
   * Takes the lock of an open file against everybody else, in this process or another, until the descriptor is closed or
   * the process ends.
   *
   * @returns false when another holds it; undefined where there are no such locks
   */
  lock(descriptor: number): boolean | undefined
}

/** What the addon asks of the file system, or undefined without it: `loadError` says why. */
export function nativeFiles(): NativeFiles | undefined {
  const loaded = load()
  if ('error' in loaded) return undefined
  const { addon } = loaded
  return {
    map: (descriptor, sizeBytes) =>
      sizeBytes > 0 ? addon.mapFile(descriptor, sizeBytes) : new ArrayBuffer(0),
    unmap: (buffer) => addon.detach(buffer),
    lock: (descriptor) => addon.lockFile(descriptor),
  }
}
