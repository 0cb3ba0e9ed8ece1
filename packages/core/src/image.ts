import { OmenError } from './errors.ts'
import type { Section } from './vector-index.ts'

/** What JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** A section of a saved index, to be read once its parameters say where its bytes go. */
export interface StoredSection {
  readonly sizeBytes: number
  /**
   * Reads the whole section.
   *
   * @param parts buffers that together take `sizeBytes`: overwritten in order
   * @throws OmenError `corrupt_index` when the bytes are not those that were written (the parts then hold rubbish),
   * `invalid_argument` when the parts are too small or too large, `io`, `aborted`, `closed`
   */
  readInto(parts: Iterable<Uint8Array>, options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * The whole section in place, where its file is mapped: borrowed until the file is closed, never to be written, and not
   * known to be what was written before `verify` resolved.
   */
  readonly mapped?: Uint8Array | undefined
  /**
   * Checks that the section's bytes are those that were written; `background` lets other work go before it.
   *
   * @throws OmenError `corrupt_index` when they are not, `io`, `aborted`, `closed`
   */
  verify(options?: { readonly signal?: AbortSignal; readonly background?: boolean }): Promise<void>
}

/** A saved index as it is read: small facts as JSON, and the sections. */
export interface IndexImage {
  /** Where it comes from, for error messages: a path. */
  readonly source: string
  readonly metadata: JsonObject
  readonly sections: ReadonlyMap<string, StoredSection>
}

/** What is to be saved: borrowed from an index that does not change until it is written. */
export interface IndexContents {
  readonly metadata: JsonObject
  readonly sections: readonly Section[]
}

/**
 * Finds a section of a saved index.
 *
 * @param sizeBytes what its size must be; left out where any will do
 * @throws OmenError `corrupt_index` for one that is missing or of another size
 */
export function storedSection(image: IndexImage, name: string, sizeBytes?: number): StoredSection {
  const found = image.sections.get(name)
  if (!found) throw corruptImage(image, `section ${name} is missing`)
  if (sizeBytes !== undefined && found.sizeBytes !== sizeBytes) {
    throw corruptImage(image, `section ${name} has ${found.sizeBytes} bytes, expected ${sizeBytes}`)
  }
  return found
}

/** The error for a saved index that cannot be what was saved, saying which one and why. */
export function corruptImage(image: IndexImage, why: string, cause?: unknown): OmenError {
  return new OmenError('corrupt_index', `${image.source} is no usable index: ${why}`, { cause })
}
