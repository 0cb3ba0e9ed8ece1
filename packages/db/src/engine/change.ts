import { type JsonObject, OmenError, unreachable } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import { decodeBlock, encodeBlock } from '../rows/block-codec.ts'
import type { RowBlock } from '../rows/row-block.ts'
import { decodeIds, encodeIds, joinBytes, jsonBytes, parseJson } from './bytes.ts'

/**
 * One change of a database, whole or not at all: what a record of the log says. It names rows by their ids and holds
 * values, never conditions, so that applying it again gives the same.
 */
export type Change =
  | { readonly kind: 'upsert'; readonly collection: number; readonly block: RowBlock }
  | { readonly kind: 'delete'; readonly collection: number; readonly ids: readonly string[] }
  | {
      readonly kind: 'replace'
      readonly collection: number
      readonly ids: readonly string[]
      readonly block: RowBlock
    }
  | {
      readonly kind: 'create'
      readonly collection: number
      readonly name: string
      readonly schema: JsonObject
    }
  | { readonly kind: 'drop'; readonly collection: number }
  /** Nothing changes: it makes durable what came before. */
  | { readonly kind: 'mark'; readonly collection: 0 }

const KINDS = ['upsert', 'delete', 'replace', 'create', 'drop', 'mark'] as const
/** Kind u8, three zeros, collection u32. */
const HEAD_BYTES = 8

/** The bytes of a change in the log; `schema` is that of its collection, where it has rows. */
export function encodeChange(change: Change, schema?: CheckedSchema): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES)
  head[0] = KINDS.indexOf(change.kind) + 1
  new DataView(head.buffer).setUint32(4, change.collection, true)
  return joinBytes([head, ...body(change, schema)])
}

function body(change: Change, schema: CheckedSchema | undefined): Uint8Array[] {
  switch (change.kind) {
    case 'upsert':
      return [encodeBlock(known(schema), change.block)]
    case 'delete':
      return [encodeIds(change.ids)]
    case 'replace':
      return [encodeIds(change.ids), encodeBlock(known(schema), change.block)]
    case 'create':
      return [jsonBytes({ name: change.name, schema: change.schema })]
    case 'drop':
    case 'mark':
      return []
    default:
      return unreachable(change)
  }
}

function known(schema: CheckedSchema | undefined): CheckedSchema {
  if (!schema) throw new OmenError('corrupt_database', 'a record holds rows of an unknown collection')
  return schema
}

/** What a record is about, before the rest of it is read. */
export interface ChangeHead {
  readonly kind: Change['kind']
  readonly collection: number
}

/** @throws OmenError `corrupt_database` for bytes that are no change, `unsupported` for a kind of a later version */
export function decodeChangeHead(bytes: Uint8Array): ChangeHead {
  if (bytes.length < HEAD_BYTES) {
    throw new OmenError('corrupt_database', `a record has ${bytes.length} bytes, too few for a change`)
  }
  const kind = KINDS[(bytes[0] ?? 0) - 1]
  if (!kind) {
    throw new OmenError(
      'unsupported',
      `a record is of kind ${bytes[0]}, which this Omen does not know: a later one wrote it`,
    )
  }
  return { kind, collection: new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) }
}

/**
 * Reads what `encodeChange` wrote.
 *
 * @param bytes copied from, where the change keeps them
 * @throws OmenError `corrupt_database`, `unsupported`
 */
export function decodeChange(bytes: Uint8Array, schema?: CheckedSchema): Change {
  const { kind, collection } = decodeChangeHead(bytes)
  const rest = bytes.subarray(HEAD_BYTES)
  switch (kind) {
    case 'upsert':
      return { kind, collection, block: decodeBlock(known(schema), rest) }
    case 'delete':
      return { kind, collection, ids: decodeIds(rest).ids }
    case 'replace': {
      const { ids, end } = decodeIds(rest)
      return { kind, collection, ids, block: decodeBlock(known(schema), rest.subarray(end)) }
    }
    case 'create': {
      const { name, schema } = objectOf(parseJson(rest, 'a record of a new collection'))
      if (typeof name !== 'string') throw new OmenError('corrupt_database', 'a new collection has no name')
      return { kind, collection, name, schema: objectOf(schema) }
    }
    case 'drop':
      return { kind, collection }
    case 'mark':
      return { kind, collection: 0 }
    default:
      return unreachable(kind)
  }
}

function objectOf(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new OmenError('corrupt_database', 'the schema of a collection is no JSON object')
}
