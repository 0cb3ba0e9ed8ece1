import { type FileHandle, open } from 'node:fs/promises'
import { OmenError, throwIfAborted } from '../errors.ts'
import type { IndexImage, JsonObject, StoredSection } from '../image.ts'
import { closedError } from '../queue.ts'
import { createChecksum } from './checksum.ts'
import { corruptFile, fileError } from './file-error.ts'
import { decodeHead, decodeHeader, type Entry, HEADER_BYTES, paddedBytes } from './layout.ts'
import { blocks } from './write.ts'

/** An open file of sections. It stays readable when another file takes its name. */
export interface SectionFile extends IndexImage {
  readonly source: string
  readonly metadata: JsonObject
  readonly sections: ReadonlyMap<string, StoredSection>
  /** Closes the file; sections can no longer be read. Closing twice is fine. */
  close(): Promise<void>
}

/**
 * Opens a file that `writeSectionFile` wrote, and checks its header and table; each section is checked when it is read.
 *
 * @throws OmenError `corrupt_index` naming file and byte, `unsupported` for another version of the format, `not_found`, `io`
 */
export async function openSectionFile(path: string): Promise<SectionFile> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { size } = await file.stat()
    const start = new Uint8Array(HEADER_BYTES)
    await readFully(file, start, 0, path)
    const header = await decodeHeader(start, path, size)
    const head = new Uint8Array(header.headEnd - HEADER_BYTES)
    await readFully(file, head, HEADER_BYTES, path)
    const { metadata, entries } = await decodeHead(head, header, path, size)
    return new OpenSectionFile(file, path, metadata, entries)
  } catch (error) {
    await file?.close()
    throw fileError(error, 'open', path)
  }
}

class OpenSectionFile implements SectionFile {
  readonly source: string
  readonly metadata: JsonObject
  readonly sections: ReadonlyMap<string, StoredSection>
  readonly #file: FileHandle
  #closed = false

  constructor(file: FileHandle, path: string, metadata: JsonObject, entries: readonly Entry[]) {
    this.source = path
    this.metadata = metadata
    this.#file = file
    this.sections = new Map(
      entries.map((entry) => [
        entry.name,
        {
          sizeBytes: entry.sizeBytes,
          readInto: (parts: Iterable<Uint8Array>, options: { readonly signal?: AbortSignal } = {}) =>
            this.#read(entry, parts, options.signal),
        },
      ]),
    )
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }

  async #read(entry: Entry, parts: Iterable<Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw closedError()
    const { name, offset, sizeBytes } = entry
    const buffers = [...parts]
    const room = buffers.reduce((sum, part) => sum + part.length, 0)
    if (room !== sizeBytes) {
      throw new OmenError(
        'invalid_argument',
        `section ${name} has ${sizeBytes} bytes, there is room for ${room}`,
      )
    }
    const padding = new Uint8Array(paddedBytes(sizeBytes) - sizeBytes)
    const checksum = await createChecksum()
    let at = offset
    try {
      for (const block of blocks([...buffers, padding])) {
        throwIfAborted(signal)
        await readFully(this.#file, block, at, this.source)
        checksum.update(block)
        at += block.length
      }
    } catch (error) {
      throw this.#closed ? closedError() : fileError(error, `read section ${name} of`, this.source)
    }
    if (checksum.value() !== entry.checksum) {
      throw corruptFile(this.source, offset, `section ${name} does not match its checksum`)
    }
  }
}

async function readFully(file: FileHandle, bytes: Uint8Array, position: number, path: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, position + at)
    if (bytesRead === 0) throw corruptFile(path, position + at, 'the file ends here, too early')
    at += bytesRead
  }
}
