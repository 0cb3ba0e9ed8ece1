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
