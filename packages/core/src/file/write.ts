import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { throwIfAborted } from '../errors.ts'
import type { JsonObject } from '../image.ts'
import type { Progress, Section } from '../vector-index.ts'
import { fileError } from './file-error.ts'
import { type PartsOptions, sectionFileParts } from './parts.ts'

export interface WriteOptions extends PartsOptions {
  /** Told of the bytes of the file written. */
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Writes a file of named sections, or none at all: it appears under its name, in place of any file there, only when every
 * byte and the name itself would survive a power cut.
 *
 * Until then it is a neighbour whose name ends in `.tmp`, which only a crash leaves behind.
 *
 * @param metadata small facts: kept as JSON
 * @param sections borrowed until the promise settles; names are unique
 * @throws OmenError `invalid_argument` for what the format cannot hold or a section whose parts are not `sizeBytes` long;
 * `not_found` without the folder, `disk_full`, `io`, `aborted`: then the file under that name is what it was, or, where only
 * making the name durable failed, already the new one
 */
export async function writeSectionFile(
  path: string,
  metadata: JsonObject,
  sections: readonly Section[],
  options: WriteOptions = {},
): Promise<void> {
  throwIfAborted(options.signal)
  const { sizeBytes: total, parts } = await sectionFileParts(metadata, sections, options)
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      let done = 0
      for (const part of parts) {
        await writeFully(file, part, done)
        throwIfAborted(options.signal)
        done += part.length
        options.onProgress?.({ done, total })
      }
      await file.sync()
    } finally {
      await file.close()
    }
    throwIfAborted(options.signal)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw fileError(error, 'write', path)
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}

/** Makes names in a folder survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  // Windows neither needs nor allows it.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
