import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OmenError, throwIfAborted } from '../errors.ts'
import type { JsonObject } from '../image.ts'
import type { Progress, Section } from '../vector-index.ts'
import { createChecksum } from './checksum.ts'
import { fileError } from './file-error.ts'
import { encodeStart, type Plan, paddedBytes, planFile } from './layout.ts'

/** Bytes hashed and written at a time: a fraction of a millisecond on the event loop. */
export const BLOCK_BYTES: number = 2 ** 20

export interface WriteOptions {
  readonly signal?: AbortSignal
  /** Told of the bytes of sections written. */
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
  const plan = planFile(metadata, sections)
  throwIfAborted(options.signal)
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await writeAll(file, plan, sections, options)
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

async function writeAll(
  file: FileHandle,
  plan: Plan,
  sections: readonly Section[],
  options: WriteOptions,
): Promise<void> {
  const total = sections.reduce((sum, section) => sum + section.sizeBytes, 0)
  let done = 0
  const checksums: bigint[] = []
  for (const [i, section] of sections.entries()) {
    const checksum = await createChecksum()
    const start = plan.offsets[i] ?? 0
    let at = start
    const put = async (bytes: Uint8Array): Promise<void> => {
      checksum.update(bytes)
      await writeFully(file, bytes, at)
      at += bytes.length
    }
    for (const block of blocks(section.parts())) {
      if (at + block.length - start > section.sizeBytes) break
      await put(block)
      throwIfAborted(options.signal)
      done += block.length
      options.onProgress?.({ done, total })
    }
    if (at - start !== section.sizeBytes) {
      throw new OmenError(
        'invalid_argument',
        `section ${section.name} is not ${section.sizeBytes} bytes long`,
      )
    }
    await put(new Uint8Array(paddedBytes(section.sizeBytes) - section.sizeBytes))
    checksums.push(checksum.value())
  }
  await writeFully(file, await encodeStart(plan, sections, checksums), 0)
}

/** The parts cut into pieces of at most `BLOCK_BYTES`. */
export function* blocks(parts: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += BLOCK_BYTES) yield part.subarray(at, at + BLOCK_BYTES)
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
