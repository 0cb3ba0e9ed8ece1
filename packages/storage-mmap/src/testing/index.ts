import type { StorageBackend } from '@omen/core'
import type { Disk } from '../disk.ts'
import { DiskStorage } from '../disk-storage.ts'

export type { Disk, DiskFile, DiskMode } from '../disk.ts'
export { Crashes } from './crash.ts'
export { type Failure, type Operation, SimulatedDisk } from './simulated-disk.ts'

/** The `StorageBackend` that `fileStorage` gives, over another disk: mostly a `SimulatedDisk`. */
export function storageOn(disk: Disk): StorageBackend {
  return new DiskStorage(disk)
}
