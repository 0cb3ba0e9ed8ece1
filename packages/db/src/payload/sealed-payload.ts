import { type Bitset, corruptImage, type IndexImage, type JsonObject, type JsonValue } from '@omen/core'
import type { CheckedFilter, CheckedSchema } from '@omen/schema/check'
import { INDEX_KIND } from './build-index.ts'
import { evaluate, type FieldIndex } from './evaluate.ts'
import { SealedFieldIndex, SortedNumbers, SortedTexts } from './field-index.ts'
import { doublesOf, sectionBytes, wordsOf } from './load.ts'
import type { PayloadReader, RowsOfId } from './payload.ts'
import { Postings } from './postings.ts'
import type { PayloadStore } from './store.ts'

/** Filters whose rows are kept, so that the same filter again costs a copy. */
const MAX_KEPT = 8
/** Filters longer than this as JSON are not kept: finding them would cost what it saves. */
const MAX_KEY_LENGTH = 1024

/** The payload of a sealed segment. */
export class SealedPayload implements PayloadReader {
  readonly #store: PayloadStore
  readonly #indexes: ReadonlyMap<string, FieldIndex>
  readonly #indexBytes: number
  /** The least recently used first. */
  readonly #kept: Map<string, Bitset> = new Map()

  private constructor(store: PayloadStore, indexes: ReadonlyMap<string, FieldIndex>, indexBytes: number) {
    this.#store = store
    this.#indexes = indexes
    this.#indexBytes = indexBytes
  }

  /**
   * Opens the index that `payloadIndexContents` made, beside the stored payload. All of the index is checked.
   *
   * @param image the index: borrowed, like the store, as long as this is used
   * @throws OmenError `corrupt_index` for a damaged index, or one that lacks a field (see `indexFits`): it can be made again
   * from the store; `io`, `aborted`, `closed`
   */
  static async open(
    schema: CheckedSchema,
    store: PayloadStore,
    image: IndexImage,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<SealedPayload> {
    const { kind, rows } = image.metadata
    if (kind !== INDEX_KIND) throw corruptImage(image, `its kind is ${String(kind)}, expected ${INDEX_KIND}`)
    if (rows !== store.rows) throw corruptImage(image, `it has ${String(rows)} rows, the store ${store.rows}`)
    if (!indexFits(schema, image)) throw corruptImage(image, 'it was made before a field had an index')
    const indexes = new Map<string, FieldIndex>()
    let bytes = 0
    for (const [name, field] of schema.payload) {
      const stored = fieldOf(image, name)
      if (!stored) {
        indexes.set(name, NOTHING)
        continue
      }
      const opened = await openField(image, name, field.kind === 'keyword', stored.values, options.signal)
      indexes.set(name, opened.index)
      bytes += opened.sizeBytes
    }
    return new SealedPayload(store, indexes, bytes)
  }

  get rows(): number {
    return this.#store.rows
  }

  get bytes(): { readonly store: number; readonly index: number } {
    let kept = 0
    for (const rows of this.#kept.values()) kept += rows.sizeBytes
    return { store: this.#store.sizeBytes, index: this.#indexBytes + kept }
  }

  match(filter: CheckedFilter, rowsOfId: RowsOfId): Bitset {
    const key = JSON.stringify(filter)
    const found = this.#kept.get(key) ?? evaluate(filter, this.rows, this.#indexes, rowsOfId)
    if (key.length <= MAX_KEY_LENGTH) this.#keep(key, found)
    return found.clone()
  }

  payload(row: number): JsonObject {
    return this.#store.payload(row)
  }

  payloads(rows: Uint32Array): JsonObject[] {
    return this.#store.payloads(rows)
  }

  stored(row: number): Uint8Array {
    return this.#store.stored(row)
  }

  #keep(key: string, rows: Bitset): void {
    this.#kept.delete(key)
    this.#kept.set(key, rows)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }
}

/**
 * Whether an index has all that a schema wants of it: false after a field was given an index, until it is made again. A
 * field that the index has never heard of is one that was added later, and no row of the segment has.
 */
export function indexFits(schema: CheckedSchema, image: IndexImage): boolean {
  return [...schema.payload].every(([name, { kind, index }]) => {
    const stored = fieldOf(image, name)
    return !stored || (stored.kind === kind && (stored.index || !index))
  })
}

interface StoredField {
  readonly kind: JsonValue | undefined
  readonly index: boolean
  readonly values: number
}

function fieldOf({ metadata }: IndexImage, name: string): StoredField | undefined {
  const { fields } = metadata
  const field = isObject(fields) && Object.hasOwn(fields, name) ? fields[name] : undefined
  return isObject(field)
    ? { kind: field.kind, index: field.index === true, values: Number(field.values) }
    : undefined
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function openField(
  image: IndexImage,
  name: string,
  strings: boolean,
  count: number,
  signal: AbortSignal | undefined,
): Promise<{ index: FieldIndex; sizeBytes: number }> {
  let sizeBytes = 0
  const load = async (part: string): Promise<Uint8Array> => {
    const bytes = await sectionBytes(image, `${name}.${part}`, { signal, verify: true })
    sizeBytes += bytes.length
    return bytes
  }
  const table = wordsOf(image, `${name}.table`, await load('table'), (count + 1) * 2)
  const postings = new Postings(table, wordsOf(image, `${name}.postings`, await load('postings')))
  const bytes = await load('values')
  const values = strings
    ? new SortedTexts(bytes, wordsOf(image, `${name}.ends`, await load('ends'), count))
    : new SortedNumbers(doublesOf(image, `${name}.values`, bytes, count))
  return { index: new SealedFieldIndex(values, postings), sizeBytes }
}

/** The index of a field that no row has. */
const NOTHING: FieldIndex = { addIn() {}, addRange() {}, addExisting() {} }
