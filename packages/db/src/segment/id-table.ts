import { NO_ROW, type Section, Turns } from '@omen/core'

/*
 * Ids as a segment's file has them: the UTF-8 of every row's id one after another, where each ends (u64), and a hash table
 * from ids to rows: row numbers at the place that the id's hash names, or the next free one behind it, round the end.
 */

export const ID_BYTES = 'ids'
export const ID_ENDS = 'ids.ends'
export const ID_TABLE = 'ids.table'

const ROWS_PER_CHECK = 256
const utf8 = new TextEncoder()

/**
 * Makes the sections of ids, with turns for the event loop.
 *
 * @param idOf the id of each row
 * @param indexed whether a row is to be found by its id: of rows with the same id at most one
 */
export async function idSections(
  rows: number,
  idOf: (row: number) => string,
  indexed: (row: number) => boolean,
): Promise<Section[]> {
  const turns = new Turns()
  const ends = new Uint32Array(rows * 2)
  const hashes = new Uint32Array(rows)
  const blocks: Uint8Array[] = []
  let [block, used, end] = [new Uint8Array(Math.min(BLOCK_BYTES, rows * USUAL_ID_BYTES)), 0, 0]
  for (let row = 0; row < rows; row++) {
    if (row % ROWS_PER_CHECK === 0 && turns.due) await turns.take()
    const id = idOf(row)
    // No character takes more than three bytes.
    if (used + id.length * 3 > block.length) {
      blocks.push(block.subarray(0, used))
      block = new Uint8Array(Math.max(BLOCK_BYTES, id.length * 3))
      used = 0
    }
    const { written } = utf8.encodeInto(id, block.subarray(used))
    hashes[row] = hashBytes(block, used, used + written)
    used += written
    end += written
    ends[row * 2] = end % 2 ** 32
    ends[row * 2 + 1] = Math.floor(end / 2 ** 32)
  }
  blocks.push(block.subarray(0, used))
  const table = await buildTable(hashes, indexed, turns)
  return [
    { name: ID_BYTES, sizeBytes: end, parts: () => blocks },
    { name: ID_ENDS, sizeBytes: ends.byteLength, parts: () => [new Uint8Array(ends.buffer)] },
    { name: ID_TABLE, sizeBytes: table.byteLength, parts: () => [new Uint8Array(table.buffer)] },
  ]
}

const BLOCK_BYTES = 1 << 20
/** Few rows do not take a whole block: clearing one is most of the work then. */
const USUAL_ID_BYTES = 64

async function buildTable(
  hashes: Uint32Array,
  indexed: (row: number) => boolean,
  turns: Turns,
): Promise<Uint32Array> {
  let count = 0
  for (let row = 0; row < hashes.length; row++) if (indexed(row)) count++
  // At most half full, so that looking for an id that is not there soon meets a free place.
  const places = count === 0 ? 0 : 2 ** Math.ceil(Math.log2(count * 2))
  const table = new Uint32Array(places).fill(NO_ROW)
  for (let row = 0; row < hashes.length; row++) {
    if (row % ROWS_PER_CHECK === 0 && turns.due) await turns.take()
    if (!indexed(row)) continue
    let place = (hashes[row] as number) & (places - 1)
    while (table[place] !== NO_ROW) place = (place + 1) & (places - 1)
    table[place] = row
  }
  return table
}

/** A 32-bit hash of bytes `from` … `to` − 1 (MurmurHash3 by Austin Appleby, its x86 form of 32 bits, seed 0). */
export function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0
  let at = from
  for (; at + 4 <= to; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    hash ^= scramble(word)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let i = to - 1; i >= at; i--) rest = (rest << 8) | (bytes[i] as number)
  if (at < to) hash ^= scramble(rest)
  hash ^= to - from
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}
