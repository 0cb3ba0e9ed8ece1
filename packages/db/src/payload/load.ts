import { corruptImage, type IndexImage, storedSection } from '@omen/core'

/**
 * The bytes of a section: in place where its file is mapped, else read and checked.
 *
 * @param options.verify whether bytes in place are checked, too
 * @returns borrowed until the file is closed; at a multiple of 8
 * @throws OmenError `corrupt_index`, `io`, `aborted`, `closed`
 */
export async function sectionBytes(
  image: IndexImage,
  name: string,
  options: { readonly signal?: AbortSignal | undefined; readonly verify: boolean },
): Promise<Uint8Array> {
  const section = storedSection(image, name)
  const { signal, verify } = options
  const reading = signal ? { signal } : {}
  const { mapped } = section
  if (mapped && mapped.byteOffset % 8 === 0) {
    if (verify) await section.verify(reading)
    return mapped
  }
  const bytes = new Uint8Array(section.sizeBytes)
  await section.readInto([bytes], reading)
  return bytes
}

/**
 * Bytes as unsigned 32-bit words.
 *
 * @param words how many there must be; any number when left out
 * @throws OmenError `corrupt_index`
 */
export function wordsOf(image: IndexImage, name: string, bytes: Uint8Array, words?: number): Uint32Array {
  checkSize(image, name, bytes, 4, words)
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}

/** The same for doubles. */
export function doublesOf(image: IndexImage, name: string, bytes: Uint8Array, count: number): Float64Array {
  checkSize(image, name, bytes, 8, count)
  return new Float64Array(bytes.buffer, bytes.byteOffset, count)
}

function checkSize(
  image: IndexImage,
  name: string,
  bytes: Uint8Array,
  each: number,
  count: number | undefined,
): void {
  if (bytes.length % each !== 0 || (count !== undefined && bytes.length !== count * each)) {
    throw corruptImage(
      image,
      `section ${name} has ${bytes.length} bytes, expected ${(count ?? 0) * each || `a multiple of ${each}`}`,
    )
  }
}
