import { type FileHandle, open } from 'node:fs/promises'
import type { Accelerator } from '../accelerator.ts'
import { OmenError, throwIfAborted } from '../errors.ts'
import type { IndexImage, JsonObject, StoredSection } from '../image.ts'
import { closedError } from '../queue.ts'
import type { Region } from '../storage.ts'
import { corruptFile, fileError } from './file-error.ts'
import { decodeHead, decodeHeader, type Entry, HEADER_BYTES, paddedBytes } from './layout.ts'
import { BLOCK_BYTES, blocks, paddingOf } from './parts.ts'
import { createSectionChecksum } from './section-checksum.ts'

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
    return await openSectionRegion(new FileRegion(file, path, size), path)
  } catch (error) {
    await file?.close()
    throw fileError(error, 'open', path)
  }
}

/**
 * Opens a section file that a storage backend holds, and checks its header and table; each section is checked when it is
 * read or verified. Where the region is mapped its sections are too.
 *
 * @param region its bytes: closed with the file, or when opening fails
 * @param source what to call it in errors
 * @param options.accelerator checks sections some times faster
 * @param options.mapped whether sections may be mapped, as they are when left out
 * @throws OmenError `corrupt_index` naming source and byte, `unsupported` for another version of the format, `io`
 */
export async function openSectionRegion(
  region: Region,
  source: string,
  options: { readonly accelerator?: Accelerator | undefined; readonly mapped?: boolean } = {},
): Promise<SectionFile> {
  try {
    const { sizeBytes } = region
    const start = new Uint8Array(HEADER_BYTES)
    if (sizeBytes < HEADER_BYTES) throw corruptFile(source, sizeBytes, 'the file ends here, too early')
    await region.readInto(start, 0)
    const header = await decodeHeader(start, source, sizeBytes)
    const head = new Uint8Array(header.headEnd - HEADER_BYTES)
    await region.readInto(head, HEADER_BYTES)
    const { metadata, entries } = await decodeHead(head, header, source, sizeBytes)
    const mapped = options.mapped === false ? undefined : region.mapped
    return new OpenSectionFile(region, source, metadata, entries, mapped, options.accelerator)
  } catch (error) {
    await region.close()
    throw fileError(error, 'open', source)
  }
}

type ReadOptions = { readonly signal?: AbortSignal }
type VerifyOptions = ReadOptions & { readonly background?: boolean }

class OpenSectionFile implements SectionFile {
  readonly source: string
  readonly metadata: JsonObject
  readonly sections: ReadonlyMap<string, StoredSection>
  readonly #region: Region
  readonly #mapped: Uint8Array | undefined
  readonly #accelerator: Accelerator | undefined
  /** Sections being checked where they are mapped: they must not go meanwhile. */
  readonly #checking: Set<Promise<void>> = new Set()
  #closed = false

  constructor(
    region: Region,
    source: string,
    metadata: JsonObject,
    entries: readonly Entry[],
    mapped: Uint8Array | undefined,
    accelerator: Accelerator | undefined,
  ) {
    this.source = source
    this.#accelerator = accelerator
    this.metadata = metadata
    this.#region = region
    this.#mapped = mapped
    this.sections = new Map(entries.map((entry) => [entry.name, this.#section(entry)]))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.allSettled(this.#checking)
    await this.#region.close()
  }

  #section(entry: Entry): StoredSection {
    const { sizeBytes, offset } = entry
    return {
      sizeBytes,
      mapped: this.#mapped?.subarray(offset, offset + sizeBytes),
      readInto: (parts, options = {}) => this.#readInto(entry, parts, options),
      verify: (options = {}) => {
        const checking = this.#verify(entry, options)
        this.#checking.add(checking)
        return checking.finally(() => this.#checking.delete(checking))
      },
    }
  }

  async #readInto(entry: Entry, parts: Iterable<Uint8Array>, options: ReadOptions): Promise<void> {
    if (this.#closed) throw closedError()
    const buffers = [...parts]
    const room = buffers.reduce((sum, part) => sum + part.length, 0)
    if (room !== entry.sizeBytes) {
      throw new OmenError(
        'invalid_argument',
        `section ${entry.name} has ${entry.sizeBytes} bytes, there is room for ${room}`,
      )
    }
    await this.#read(entry, blocks([...buffers, paddingOf(entry.sizeBytes)]), options)
  }

  async #verify(entry: Entry, options: VerifyOptions): Promise<void> {
    if (this.#closed) throw closedError()
    const mapped = this.#mapped
    const size = paddedBytes(entry.sizeBytes)
    if (!mapped) return this.#read(entry, emptyBlocks(size), options)
    const checksum = await createSectionChecksum(size, this.#accelerator, options.background)
    for (const block of blocks([mapped.subarray(entry.offset, entry.offset + size)])) {
      throwIfAborted(options.signal)
      if (this.#closed) throw closedError()
      await checksum.update(block)
    }
    this.#compare(entry, checksum.value())
  }

  /** Fills the blocks with the section and the zeros after it, and checks them. */
  async #read(entry: Entry, targets: Iterable<Uint8Array>, { signal }: ReadOptions): Promise<void> {
    const checksum = await createSectionChecksum(paddedBytes(entry.sizeBytes), this.#accelerator)
    let at = entry.offset
    try {
      for (const block of targets) {
        throwIfAborted(signal)
        await this.#region.readInto(block, at)
        await checksum.update(block)
        at += block.length
      }
    } catch (error) {
      throw this.#closed ? closedError() : fileError(error, `read section ${entry.name} of`, this.source)
    }
    this.#compare(entry, checksum.value())
  }

  #compare(entry: Entry, checksum: bigint): void {
    if (checksum === entry.checksum) return
    throw corruptFile(this.source, entry.offset, `section ${entry.name} does not match its checksum`)
  }
}

/** One block after the other of `size` bytes in all, to be overwritten: the same memory each time. */
function* emptyBlocks(size: number): Generator<Uint8Array, void, undefined> {
  const block = new Uint8Array(Math.min(size, BLOCK_BYTES))
  for (let left = size; left > 0; left -= block.length) yield block.subarray(0, left)
}

/** A file of the file system, read as it is asked for. */
class FileRegion implements Region {
  readonly sizeBytes: number
  readonly #file: FileHandle
  readonly #path: string

  constructor(file: FileHandle, path: string, sizeBytes: number) {
    this.#file = file
    this.#path = path
    this.sizeBytes = sizeBytes
  }

  async readInto(target: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < target.length; ) {
      const { bytesRead } = await this.#file.read(target, at, target.length - at, offset + at)
      if (bytesRead === 0) throw corruptFile(this.#path, offset + at, 'the file ends here, too early')
      at += bytesRead
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
