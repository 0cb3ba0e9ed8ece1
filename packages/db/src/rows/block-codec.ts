import { Bitset, type JsonObject, OmenError, roundUp } from '@omen/core'
import { type CheckedSchema, NEVER } from '@omen/schema/check'
import type { RowBlock, VectorColumn } from './row-block.ts'

/*
 * A block in the log, little-endian:
 *
 *   0  version u32, 1      4  bytes of the head u32
 *   8  head: JSON in UTF-8, then spaces up to a multiple of 4
 *   vectors of each field in the order of the head: rows x dimension f32, zero where a row has none
 */
const VERSION = 1
const HEAD_AT = 8
const utf8 = new TextEncoder()
const text = new TextDecoder('utf-8', { fatal: true })

interface Head {
  readonly ids: readonly string[]
  readonly payloads: readonly JsonObject[]
  /** `null` for a row that never expires; absent when none does. */
  readonly expiresAt?: readonly (number | null)[]
  readonly vectors: readonly {
    readonly name: string
    readonly dimension: number
    /** Rows that have no vector; absent when all have. */
    readonly absent?: readonly number[]
  }[]
}

/** The bytes of a block in the log. */
export function encodeBlock(schema: CheckedSchema, block: RowBlock): Uint8Array {
  const rows = block.ids.length
  const columns = [...schema.vectors].map(([name, { dimension }]) => ({
    name,
    dimension,
    column: block.vectors.get(name),
  }))
  const head: Head = {
    ids: block.ids,
    payloads: block.payloads,
    ...(block.expiresAt && {
      expiresAt: Array.from(block.expiresAt, (time) => (time === NEVER ? null : time)),
    }),
    vectors: columns.map(({ name, dimension, column }) => ({
      name,
      dimension,
      ...(column?.present && { absent: [...column.present.clone().not()] }),
    })),
  }
  const json = utf8.encode(JSON.stringify(head))
  const headBytes = roundUp(json.length, 4)
  const vectorBytes = columns.reduce((sum, { dimension }) => sum + rows * dimension * 4, 0)
  const bytes = new Uint8Array(HEAD_AT + headBytes + vectorBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, VERSION, true)
  view.setUint32(4, headBytes, true)
  bytes.set(json, HEAD_AT)
  bytes.fill(0x20, HEAD_AT + json.length, HEAD_AT + headBytes)
  let at = HEAD_AT + headBytes
  for (const { dimension, column } of columns) {
    if (column) bytes.set(bytesOf(column.values), at)
    at += rows * dimension * 4
  }
  return bytes
}

/**
 * Reads a block from the log. A vector field that the schema has gained since is one that no row of the block has.
 *
 * @param bytes borrowed
 * @throws OmenError `corrupt_log`, `unsupported` for a later version
 */
export function decodeBlock(schema: CheckedSchema, bytes: Uint8Array): RowBlock {
  const { head, vectorsAt } = decodeHead(bytes)
  const rows = head.ids.length
  if (head.payloads.length !== rows) throw corrupt(`${head.payloads.length} payloads of ${rows} rows`)
  const vectors = new Map<string, VectorColumn>()
  for (const [name, { dimension }] of schema.vectors) {
    vectors.set(name, { values: new Float32Array(rows * dimension), present: new Bitset(rows) })
  }
  let at = vectorsAt
  for (const { name, dimension, absent } of head.vectors) {
    const end = at + rows * dimension * 4
    const values = vectors.get(name)?.values
    if (values?.length !== rows * dimension || !(end <= bytes.length)) {
      throw corrupt(`the vectors of field ${name} do not fit the schema`)
    }
    bytesOf(values).set(bytes.subarray(at, end))
    vectors.set(name, { values, present: absent && Bitset.fromRows(absent, rows).not() })
    at = end
  }
  if (at !== bytes.length) throw corrupt(`${bytes.length - at} bytes are left over`)
  const expiresAt = head.expiresAt && Float64Array.from(head.expiresAt, (time) => time ?? NEVER)
  return { ids: head.ids, vectors, payloads: head.payloads, expiresAt }
}

function decodeHead(bytes: Uint8Array): { head: Head; vectorsAt: number } {
  if (bytes.length < HEAD_AT) throw corrupt(`it ends after ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getUint32(0, true)
  if (version !== VERSION) {
    throw new OmenError('unsupported', `a block of rows has version ${version}; this Omen reads ${VERSION}`)
  }
  const vectorsAt = HEAD_AT + view.getUint32(4, true)
  if (vectorsAt > bytes.length) throw corrupt('it ends within its head')
  try {
    // A log record lies under a checksum: what it holds is what `encodeBlock` wrote.
    return { head: JSON.parse(text.decode(bytes.subarray(HEAD_AT, vectorsAt))) as Head, vectorsAt }
  } catch (cause) {
    throw corrupt('its head is no JSON', cause)
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function corrupt(why: string, cause?: unknown): OmenError {
  return new OmenError('corrupt_log', `a block of rows in the log is damaged: ${why}`, { cause })
}
