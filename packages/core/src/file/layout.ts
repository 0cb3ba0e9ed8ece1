import { OmenError } from '../errors.ts'
import type { JsonObject } from '../image.ts'
import { roundUp } from '../none.ts'
import type { Section } from '../vector-index.ts'
import { checksumOf } from './checksum.ts'
import { corruptFile } from './file-error.ts'

/*
 * A file of sections, all numbers little-endian:
 *
 *   0   header, 64 bytes:
 *         0  magic "OMENIDX1"       8  version u32          12  sections u32
 *        16  file size u64         24  metadata bytes u32   28  table bytes u32
 *        32  XXH3 of the head u64  40  zero (16 bytes)      56  XXH3 of bytes 0 … 55 u64
 *   64  head: metadata (JSON in UTF-8), table, zeros up to a multiple of 64
 *       one entry of the table: offset u64, size u64, XXH3 u64, bytes of the name u32, name in UTF-8
 *       sections in the order of the table, each from a multiple of 64 on and followed by zeros up to the next one;
 *       its checksum covers those zeros too
 *
 * So every byte of the file is covered by a checksum.
 */

export const ALIGNMENT = 64
export const HEADER_BYTES = 64
const MAGIC = 'OMENIDX1'
const VERSION = 1
const HEADER_CHECKSUM_AT = 56
const ENTRY_BYTES = 28
const MAX_METADATA_BYTES = 16 * 2 ** 20
const MAX_SECTIONS = 4096
const MAX_NAME_BYTES = 255

/** Where a section lies. */
export interface Entry {
  readonly name: string
  readonly offset: number
  readonly sizeBytes: number
  /** Of its bytes and the zeros after them. */
  readonly checksum: bigint
}

/** The bytes from the section's first to the next section's. */
export function paddedBytes(sizeBytes: number): number {
  return roundUp(sizeBytes, ALIGNMENT)
}

/** A file to be written, before the checksums of its sections are known. */
export interface Plan {
  readonly metadata: Uint8Array
  readonly names: readonly Uint8Array[]
  readonly offsets: readonly number[]
  readonly fileBytes: number
}

/** @throws OmenError `invalid_argument` for names, sizes or metadata that the format cannot hold */
export function planFile(metadata: JsonObject, sections: readonly Section[]): Plan {
  const encoder = new TextEncoder()
  const json = encoder.encode(JSON.stringify(metadata))
  const names = sections.map((section) => encoder.encode(section.name))
  refuse(
    json.length > MAX_METADATA_BYTES,
    `metadata takes ${json.length} bytes, more than ${MAX_METADATA_BYTES}`,
  )
  refuse(sections.length > MAX_SECTIONS, `${sections.length} sections, more than ${MAX_SECTIONS}`)
  refuse(new Set(sections.map((section) => section.name)).size < sections.length, 'two sections of one name')
  for (const [i, section] of sections.entries()) {
    const bytes = names[i]?.length ?? 0
    refuse(bytes < 1 || bytes > MAX_NAME_BYTES, `section name ${section.name} takes ${bytes} bytes`)
    const { sizeBytes } = section
    refuse(
      !Number.isSafeInteger(sizeBytes) || sizeBytes < 0,
      `section ${section.name} has ${sizeBytes} bytes`,
    )
  }
  let end = headEnd(json.length, tableBytes(names))
  const offsets = sections.map((section) => {
    const offset = end
    end += paddedBytes(section.sizeBytes)
    return offset
  })
  return { metadata: json, names, offsets, fileBytes: end }
}

function refuse(wrong: boolean, why: string): void {
  if (wrong) throw new OmenError('invalid_argument', `cannot write a section file: ${why}`)
}

function tableBytes(names: readonly Uint8Array[]): number {
  return names.reduce((sum, name) => sum + ENTRY_BYTES + name.length, 0)
}

function headEnd(metadataBytes: number, table: number): number {
  return roundUp(HEADER_BYTES + metadataBytes + table, ALIGNMENT)
}

/** Header and head: all of the file before the first section. */
export async function encodeStart(
  plan: Plan,
  sections: readonly Section[],
  checksums: readonly bigint[],
): Promise<Uint8Array> {
  const table = tableBytes(plan.names)
  const bytes = new Uint8Array(headEnd(plan.metadata.length, table))
  const view = new DataView(bytes.buffer)
  bytes.set(plan.metadata, HEADER_BYTES)
  let at = HEADER_BYTES + plan.metadata.length
  for (const [i, name] of plan.names.entries()) {
    view.setBigUint64(at, BigInt(plan.offsets[i] ?? 0), true)
    view.setBigUint64(at + 8, BigInt(sections[i]?.sizeBytes ?? 0), true)
    view.setBigUint64(at + 16, checksums[i] ?? 0n, true)
    view.setUint32(at + 24, name.length, true)
    bytes.set(name, at + ENTRY_BYTES)
    at += ENTRY_BYTES + name.length
  }
  bytes.set(new TextEncoder().encode(MAGIC))
  view.setUint32(8, VERSION, true)
  view.setUint32(12, plan.names.length, true)
  view.setBigUint64(16, BigInt(plan.fileBytes), true)
  view.setUint32(24, plan.metadata.length, true)
  view.setUint32(28, table, true)
  view.setBigUint64(32, await checksumOf(bytes.subarray(HEADER_BYTES)), true)
  view.setBigUint64(HEADER_CHECKSUM_AT, await checksumOf(bytes.subarray(0, HEADER_CHECKSUM_AT)), true)
  return bytes
}

export interface Header {
  readonly sections: number
  readonly metadataBytes: number
  readonly tableBytes: number
  readonly headChecksum: bigint
  /** The first byte after the head. */
  readonly headEnd: number
}

/**
 * Reads a header of 64 bytes.
 *
 * @throws OmenError `corrupt_index`; `unsupported` for an intact file of another version
 */
export async function decodeHeader(bytes: Uint8Array, path: string, fileBytes: number): Promise<Header> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (new TextDecoder('latin1').decode(bytes.subarray(0, 8)) !== MAGIC) {
    throw corruptFile(path, 0, `it does not begin with ${MAGIC}, as every index does`)
  }
  const checksum = view.getBigUint64(HEADER_CHECKSUM_AT, true)
  if (checksum !== (await checksumOf(bytes.subarray(0, HEADER_CHECKSUM_AT)))) {
    throw corruptFile(path, 0, 'the header does not match its checksum')
  }
  const version = view.getUint32(8, true)
  if (version !== VERSION) {
    throw new OmenError('unsupported', `${path} has format version ${version}; this Omen reads ${VERSION}`)
  }
  const expected = view.getBigUint64(16, true)
  if (expected !== BigInt(fileBytes)) {
    throw corruptFile(path, fileBytes, `the file ends here and should have ${expected} bytes`)
  }
  const [metadataBytes, table] = [view.getUint32(24, true), view.getUint32(28, true)]
  const end = headEnd(metadataBytes, table)
  if (end > fileBytes) throw corruptFile(path, 24, `the head would take ${end} bytes`)
  return {
    sections: view.getUint32(12, true),
    metadataBytes,
    tableBytes: table,
    headChecksum: view.getBigUint64(32, true),
    headEnd: end,
  }
}

/**
 * Reads the head, the bytes from 64 to the first section.
 *
 * @throws OmenError `corrupt_index`
 */
export async function decodeHead(
  head: Uint8Array,
  header: Header,
  path: string,
  fileBytes: number,
): Promise<{ metadata: JsonObject; entries: Entry[] }> {
  if (header.headChecksum !== (await checksumOf(head))) {
    throw corruptFile(path, HEADER_BYTES, 'the metadata and table do not match their checksum')
  }
  const tableAt = header.metadataBytes
  const metadata = parseObject(head.subarray(0, tableAt), path)
  const table = head.subarray(tableAt, tableAt + header.tableBytes)
  return { metadata, entries: decodeTable(table, header, path, fileBytes) }
}

function parseObject(bytes: Uint8Array, path: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw corruptFile(path, HEADER_BYTES, 'the metadata is no JSON', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw corruptFile(path, HEADER_BYTES, 'the metadata is no JSON object')
  }
  return value as JsonObject
}

function decodeTable(table: Uint8Array, header: Header, path: string, fileBytes: number): Entry[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  const tableAt = HEADER_BYTES + header.metadataBytes
  const entries: Entry[] = []
  let at = 0
  let expected = header.headEnd
  for (let i = 0; i < header.sections; i++) {
    if (at + ENTRY_BYTES > table.length) throw corruptFile(path, tableAt + at, 'the table is too short')
    const offset = Number(view.getBigUint64(at, true))
    const sizeBytes = Number(view.getBigUint64(at + 8, true))
    const end = at + ENTRY_BYTES + view.getUint32(at + 24, true)
    if (end > table.length) throw corruptFile(path, tableAt + at, 'a name is longer than the table')
    if (offset !== expected)
      throw corruptFile(path, tableAt + at, `a section lies at ${offset}, not ${expected}`)
    const name = new TextDecoder().decode(table.subarray(at + ENTRY_BYTES, end))
    entries.push({ name, offset, sizeBytes, checksum: view.getBigUint64(at + 16, true) })
    expected += paddedBytes(sizeBytes)
    at = end
  }
  if (at !== table.length) throw corruptFile(path, tableAt + at, 'the table has more bytes than entries')
  if (expected !== fileBytes)
    throw corruptFile(path, tableAt, `the sections end at ${expected}, not ${fileBytes}`)
  return entries
}
