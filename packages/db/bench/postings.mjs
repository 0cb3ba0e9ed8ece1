/**
 * Compares the sets of rows of payload indexes with roaring bitmaps: bytes of all sets of a field, and the time to turn one
 * set into bits of rows. Prints a table in Markdown.
 *
 *   npm run build && node packages/db/bench/postings.mjs [rows]
 */
import { Bitset } from '@omen/core'
import { RoaringBitmap32, roaringLibraryInitialize } from 'roaring-wasm'
import { Postings, PostingWriter } from '../dist/payload/postings.js'

const rows = Number(process.argv[2] ?? 1_000_000)
await roaringLibraryInitialize()

/** A generator of numbers in [0, 1) that gives the same ones every time (mulberry32). */
let state = 1
function random() {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

/** Sets of rows, one for each value of a field. */
function setsOf(valueAt) {
  const sets = new Map()
  for (let row = 0; row < rows; row++) {
    const value = valueAt(row)
    if (!sets.has(value)) sets.set(value, [])
    sets.get(value).push(row)
  }
  return [...sets.values()].map((set) => Uint32Array.from(set))
}

function ownBytes(sets) {
  const writer = new PostingWriter(rows, sets.length, rows)
  for (const set of sets) writer.add(set, 0, set.length)
  return writer.table.byteLength + writer.words.byteLength
}

function roaringBytes(sets) {
  let bytes = 0
  for (const set of sets) {
    const bitmap = new RoaringBitmap32(set)
    bitmap.runOptimize()
    // A table says where each begins, as ours does.
    bytes += 4 + bitmap.getSerializationSizeInBytes('portable')
    bitmap.dispose()
  }
  return bytes
}

/** Microseconds of processor time that a call takes. */
function microseconds(call, repeat = 200) {
  for (let i = 0; i < 20; i++) call()
  const before = process.cpuUsage()
  for (let i = 0; i < repeat; i++) call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / repeat
}

console.log(`Node ${process.version}, ${rows} rows\n`)
console.log('| values of a field | bytes a row | roaring-wasm |\n| --- | --- | --- |')
const fields = {
  10: () => Math.floor(random() * 10),
  '10, rows in their order': (row) => Math.floor((row * 10) / rows),
  '1,000': () => Math.floor(random() * 1000),
  '100,000': () => Math.floor(random() * 100_000),
  'one for each row': (row) => row,
}
for (const [name, valueAt] of Object.entries(fields)) {
  const sets = setsOf(valueAt)
  const [own, roaring] = [ownBytes(sets), roaringBytes(sets)].map((bytes) => (bytes / rows).toFixed(2))
  console.log(`| ${name} | ${own} | ${roaring} |`)
}

console.log('\n| share of rows in a set | µs to bits of rows | roaring-wasm |\n| --- | --- | --- |')
for (const share of [0.001, 0.01, 0.1, 0.5, 0.9]) {
  const wanted = Uint32Array.from({ length: rows }, (_, row) => row).filter(() => random() < share)
  const writer = new PostingWriter(rows, 1, wanted.length)
  writer.add(wanted, 0, wanted.length)
  const postings = new Postings(writer.table, writer.words)
  const serialized = new RoaringBitmap32(wanted).serialize('portable')
  const own = microseconds(() => postings.addTo(new Bitset(rows), 0, 1))
  const roaring = microseconds(() => {
    const bitmap = RoaringBitmap32.deserialize(serialized, 'portable')
    const bits = new Bitset(rows).words
    const list = bitmap.toUint32Array()
    for (let i = 0; i < list.length; i++) bits[list[i] >>> 5] |= 1 << (list[i] & 31)
    bitmap.dispose()
  })
  console.log(`| ${share} | ${own.toFixed(0)} | ${roaring.toFixed(0)} |`)
}
