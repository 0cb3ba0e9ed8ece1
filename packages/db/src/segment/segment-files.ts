import type { JsonObject, Section, StorageBackend } from '@omen/core'
import { sectionFileParts } from '@omen/core/file'
import type { Hnsw } from '@omen/hnsw'
import { accelerator } from '@omen/native'
import type { VectorMetric } from '@omen/schema'
import type { CheckedSchema } from '@omen/schema/check'
import { payloadIndexContents } from '../payload/build-index.ts'
import type { StoredPayloads } from '../payload/payload.ts'
import { payloadStoreSections } from '../payload/store.ts'

/** One file of a segment, as a manifest names it. */
export interface SegmentFile {
  readonly name: string
  readonly sizeBytes: number
  /** XXH3 of its header, which holds that of its table, which holds those of all sections: 16 hexadecimal digits. */
  readonly hash: string
}

/** The files of a sealed segment: plain JSON. */
export interface SegmentFiles {
  readonly id: number
  readonly rows: number
  /** The largest sequence of the log that a row of it has. */
  readonly lastSequence: number
  readonly rowsFile: SegmentFile
  /** The payload's index. */
  readonly payloadFile: SegmentFile
  /** The graphs by vector field, of those that have one. */
  readonly graphs: Readonly<Record<string, SegmentFile>>
}

/** Every file of a segment. */
export function filesOfSegment({ rowsFile, payloadFile, graphs }: SegmentFiles): SegmentFile[] {
  return [rowsFile, payloadFile, ...Object.values(graphs)]
}

export const ROWS_KIND = 'rows/1'

/** A vector field to be written. */
export interface FieldContents {
  readonly dimension: number
  readonly metric: VectorMetric
  readonly vectors: number
  /** Bytes that a vector takes, padding included. */
  readonly bytesPerRow: number
  /** The row of each vector; undefined where vector i is row i's. */
  readonly slots: Uint32Array | undefined
  parts(): Iterable<Uint8Array>
  readonly graph: Hnsw | undefined
}

/** A segment to be written: borrowed, and unchanged, until it is. */
export interface SegmentContents {
  readonly id: number
  readonly rows: number
  readonly ids: readonly Section[]
  readonly versions: Float64Array
  /** Undefined where no row expires. */
  readonly expiry: Float64Array | undefined
  readonly payload: StoredPayloads
  readonly fields: ReadonlyMap<string, FieldContents>
}

export interface WriteSegmentOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes the files of a segment, each whole or not at all, with turns for the event loop: graphs, then the payload's index,
 * then the rows. When one fails, those written before it are removed again.
 *
 * @throws OmenError `already_exists`, `disk_full`, `io`, `aborted`
 */
export async function writeSegment(
  storage: StorageBackend,
  schema: CheckedSchema,
  contents: SegmentContents,
  options: WriteSegmentOptions = {},
): Promise<SegmentFiles> {
  const { id, rows } = contents
  const written: string[] = []
  const write = async (
    name: string,
    metadata: JsonObject,
    sections: readonly Section[],
  ): Promise<SegmentFile> => {
    const file = await writeFile(storage, name, metadata, sections, options)
    written.push(name)
    return file
  }
  try {
    const graphs: Record<string, SegmentFile> = {}
    for (const [at, [name, { graph }]] of [...contents.fields].entries()) {
      await graph?.save(async ({ metadata, sections }) => {
        // Some file systems take two names that differ by case for one.
        graphs[name] = await write(`s${id}.${at}-${name}.hnsw`, metadata, sections)
      })
    }
    const index = await payloadIndexContents(schema, contents.payload, options)
    const payloadFile = await write(`s${id}.payload`, index.metadata, index.sections)
    const rowsFile = await write(`s${id}.rows`, rowsMetadata(contents), await rowsSections(contents, options))
    let lastSequence = 0
    for (const version of contents.versions) lastSequence = Math.max(lastSequence, version)
    return { id, rows, lastSequence, rowsFile, payloadFile, graphs }
  } catch (error) {
    for (const name of written) await storage.remove(name).catch(() => undefined)
    throw error
  }
}

async function writeFile(
  storage: StorageBackend,
  name: string,
  metadata: JsonObject,
  sections: readonly Section[],
  { signal }: WriteSegmentOptions,
): Promise<SegmentFile> {
  const { sizeBytes, parts } = await sectionFileParts(metadata, sections, {
    accelerator: accelerator(),
    ...(signal ? { signal } : {}),
  })
  const [start = new Uint8Array()] = parts
  await storage.writeOnce(name, parts)
  return { name, sizeBytes, hash: headerHash(start) }
}

/** The hash of a section file by its first 64 bytes. */
export function headerHash(header: Uint8Array): string {
  return Array.from(header.subarray(56, 64), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function rowsMetadata({ id, rows, fields }: SegmentContents): JsonObject {
  return {
    kind: ROWS_KIND,
    id,
    rows,
    fields: Object.fromEntries(
      [...fields].map(([name, { dimension, metric, vectors }]) => [name, { dimension, metric, vectors }]),
    ),
  }
}

async function rowsSections(
  { ids, versions, expiry, payload, fields }: SegmentContents,
  options: WriteSegmentOptions,
): Promise<Section[]> {
  const sections = [...ids, numbers('versions', versions)]
  if (expiry) sections.push(numbers('expiry', expiry))
  sections.push(...(await payloadStoreSections(payload, options)))
  for (const [name, field] of fields) {
    const { slots, vectors, bytesPerRow } = field
    if (slots) sections.push(numbers(`slots.${name}`, slots))
    sections.push({ name: `vectors.${name}`, sizeBytes: vectors * bytesPerRow, parts: () => field.parts() })
  }
  return sections
}

function numbers(name: string, array: Float64Array | Uint32Array): Section {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  return { name, sizeBytes: bytes.length, parts: () => [bytes] }
}
