import { type JsonObject, OmenError } from '@omen/core'
import { checksumOf } from '@omen/core/file'
import { filesOfSegment, type SegmentFiles } from '../segment/segment-files.ts'
import { parseJson, textOf } from './bytes.ts'

/** The version of the format of a database directory that this Omen writes and reads. */
export const FORMAT_VERSION = 1

/** The deletions of a sealed segment as they were at a checkpoint. */
export interface StoredDeletions {
  readonly file: string
  readonly version: number
  /** Rows that are deleted. */
  readonly deleted: number
}

/** A sealed segment, as a manifest names it. */
export interface StoredSegment {
  readonly files: SegmentFiles
  readonly deletions: StoredDeletions | null
}

/** A collection at a checkpoint: all that came before record `from` of the log is in its segments. */
export interface StoredCollection {
  readonly id: number
  readonly name: string
  readonly schema: JsonObject
  readonly from: number
  /** The last record that another schema is needed for to read it. */
  readonly schemaSince: number
  /** From the oldest to the newest. */
  readonly segments: readonly StoredSegment[]
}

/** What a database consists of, beside the log. */
export interface Manifest {
  readonly format: number
  /** Counts up by one with every manifest that is written. */
  readonly number: number
  /** A UUID. */
  readonly database: string
  /** Collections that were created or dropped by records up to this one are as the manifest says. */
  readonly sequence: number
  readonly nextSegment: number
  readonly nextCollection: number
  readonly collections: readonly StoredCollection[]
}

/** The file that names the manifest in force. */
export const CURRENT = 'CURRENT'

const MANIFEST_NAME = /^MANIFEST-(\d{10})$/
const MAGIC = 'omen-manifest'
const CURRENT_MAGIC = 'omen-current'

/** What the file of a manifest is called. */
export function manifestName(number: number): string {
  return `MANIFEST-${String(number).padStart(10, '0')}`
}

/** The number of a manifest's file; undefined for a file that is none. */
export function manifestNumber(name: string): number | undefined {
  const digits = MANIFEST_NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The manifest's bytes: a line with the checksum of all that follows, then JSON. */
export async function encodeManifest(manifest: Manifest): Promise<Uint8Array> {
  return await sign(MAGIC, JSON.stringify(manifest, undefined, 1))
}

/** The bytes of `CURRENT`. */
export async function encodeCurrent(name: string): Promise<Uint8Array> {
  return await sign(CURRENT_MAGIC, name)
}

/** @throws OmenError `corrupt_database` for bytes that are not what was written, `unsupported` for another version */
export async function decodeManifest(bytes: Uint8Array, file: string): Promise<Manifest> {
  const value = parseJson(await verify(MAGIC, bytes, file), file)
  // Its checksum is right, so this Omen or another wrote it: what can differ is the version.
  const manifest = value as Manifest
  if (manifest.format !== FORMAT_VERSION) {
    throw new OmenError(
      'unsupported',
      `${file} has format version ${manifest.format}; this Omen reads ${FORMAT_VERSION}`,
    )
  }
  return manifest
}

/** @throws OmenError `corrupt_database` */
export async function decodeCurrent(bytes: Uint8Array): Promise<string> {
  const name = textOf(await verify(CURRENT_MAGIC, bytes, CURRENT), CURRENT)
  if (manifestNumber(name) === undefined) {
    throw new OmenError('corrupt_database', `${CURRENT} names ${JSON.stringify(name)}, which is no manifest`)
  }
  return name
}

/** Every file that a manifest names. */
export function filesOf(manifest: Manifest): string[] {
  return manifest.collections.flatMap(({ segments }) =>
    segments.flatMap(({ files, deletions }) => [
      ...filesOfSegment(files).map(({ name }) => name),
      ...(deletions ? [deletions.file] : []),
    ]),
  )
}

/** The manifest of a database without collections. */
export function emptyManifest(number: number, database: string): Manifest {
  return {
    format: FORMAT_VERSION,
    number,
    database,
    sequence: 0,
    nextSegment: 1,
    nextCollection: 1,
    collections: [],
  }
}

/** The first record of the log that a database with this manifest needs. */
export function replayFrom(manifest: Manifest): number {
  return manifest.collections.reduce((first, { from }) => Math.min(first, from), manifest.sequence + 1)
}

async function sign(magic: string, text: string): Promise<Uint8Array> {
  const body = new TextEncoder().encode(text)
  const checksum = (await checksumOf(body)).toString(16).padStart(16, '0')
  const head = new TextEncoder().encode(`${magic} ${checksum}\n`)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}

async function verify(magic: string, bytes: Uint8Array, file: string): Promise<Uint8Array> {
  const headBytes = magic.length + 18
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, headBytes))
  const body = bytes.subarray(headBytes)
  const checksum = (await checksumOf(body)).toString(16).padStart(16, '0')
  if (head !== `${magic} ${checksum}\n`) {
    throw new OmenError('corrupt_database', `${file} is not what was written: its checksum does not match`)
  }
  return body
}
