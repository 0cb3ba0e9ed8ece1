import { mkdir, stat, statfs } from 'node:fs/promises'
import { resolve } from 'node:path'
import { OmenError, type StorageBackend } from '@omen/core'
import { fileError } from '@omen/core/file'
import { DiskStorage } from './disk-storage.ts'
import { NodeDisk } from './node-disk.ts'

export interface FileStorageOptions {
  /** `mapped`, the default: regions of sealed files can be mapped, where the accelerator runs. `plain`: they never are. */
  readonly reads?: 'mapped' | 'plain'
  /** For processes that only read: nothing is created, and every change throws `read_only`. */
  readonly readOnly?: boolean
  /** A network file system is refused unless this is `allow`: its locks and syncs may not hold. Reads are plain there. */
  readonly network?: 'refuse' | 'allow'
}

/**
 * Opens a folder of the file system as a `StorageBackend`, creating it when it is not there.
 *
 * @throws OmenError `not_found` for a missing folder when reading only; `unsupported` for a folder on a network file system;
 * `io`
 */
export async function fileStorage(folder: string, options: FileStorageOptions = {}): Promise<StorageBackend> {
  const { reads = 'mapped', readOnly = false, network = 'refuse' } = options
  const path = resolve(folder)
  const remote = await openFolder(path, readOnly)
  if (remote !== undefined && network !== 'allow') {
    throw new OmenError(
      'unsupported',
      `${path} lies on ${remote}, whose locks and syncs may not hold: choose a local disk, or pass { network: 'allow' }`,
    )
  }
  return new DiskStorage(new NodeDisk(path, reads === 'mapped' && remote === undefined), { readOnly })
}

/** Makes sure that the folder is there; the network file system it lies on, if it does. */
async function openFolder(path: string, readOnly: boolean): Promise<string | undefined> {
  try {
    if (!readOnly) await mkdir(path, { recursive: true })
    if (!(await stat(path)).isDirectory()) throw new OmenError('io', `${path} is a file, not a folder`)
    return process.platform === 'linux' ? networkFileSystem((await statfs(path)).type) : undefined
  } catch (error) {
    throw fileError(error, 'open the folder', path)
  }
}

/** File systems over a network by the number that Linux gives them (`statfs(2)`). */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
])

/** The name of the network file system of this `statfs` type; undefined for a local one. */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK.get(type >>> 0)
}
