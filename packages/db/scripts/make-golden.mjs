// Writes the golden database of the format's current version, into a folder that must not exist: `node scripts/make-golden.mjs golden/2`
// after a build. What a version wrote once is never written again: it is what that version left in its users' folders.
import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openDatabase } from '../dist/database.js'
import { boolean, date, integer, json, keyword, number, text, vector } from '../dist/index.js'
import { mergeNothing } from '../dist/segment/merge-policy.js'

const folder = resolve(process.argv[2] ?? '')
if (!process.argv[2] || existsSync(folder)) throw new Error('give a folder that does not exist')

const words = {
  group: keyword(),
  tags: keyword({ many: true }),
  n: integer(),
  weight: number({ optional: true }),
  good: boolean(),
  seen: date({ optional: true }),
  note: text({ optional: true }),
  more: json({ optional: true }),
  near: vector(4, { metric: 'l2', m: 4 }),
  far: vector(3, { metric: 'cosine', quantizer: 'none', optional: true }),
}
const row = (n) => ({
  id: `w${n}`,
  group: `g${n % 3}`,
  tags: n % 2 ? ['odd', `t${n % 5}`] : ['even'],
  n,
  ...(n % 4 ? { weight: n / 8 } : {}),
  good: n % 7 === 0,
  ...(n % 3 ? { seen: new Date(Date.UTC(2026, 0, 1 + n)) } : {}),
  ...(n % 5 ? {} : { note: `the note of ${n} 🐟`, more: { n, list: [n, null, 'x'] } }),
  near: [n, n % 7, 1, 0.5],
  ...(n % 2 ? { far: [1, n, -1] } : {}),
})
const rows = (from, to) => Array.from({ length: to - from }, (_, i) => row(from + i))

const hooks = { background: false, limits: { sealRows: 50, waitingSegments: 9, chooseMerge: mergeNothing } }
const { db, engine } = await openDatabase(folder, { threads: 1 }, hooks)
const first = await db.collection('words', words)
const second = await db.collection('second', { v: vector(2, { metric: 'dot', index: 'flat' }), k: keyword() })
await first.upsert(rows(0, 60))
// A merged segment with graphs, which so few rows get when asked for alone.
await engine.maintenance.runAll()
await first.delete({ ids: ['w3'] })
const state = engine.parts.catalog.byName('words')
await engine.optimize(state, { threads: 1, graphFrom: 10 })
// Another without, and deletions that a file of their own holds.
await first.delete({ ids: ['w4'] })
await first.upsert(rows(60, 110))
await engine.maintenance.runAll()
// What only the log knows: of rows in segments, and of new ones.
await first.delete({ where: { n: { $gte: 80, $lt: 83 } } })
await first.upsert(rows(110, 115))
await first.upsert([{ ...row(7), note: 'overwritten' }])
await second.upsert([
  { id: ' ', v: [1, 2], k: 'blank id' },
  { id: '__proto__', v: [3, -4], k: 'odd id' },
])
await second.delete({ ids: ['nobody'] })
await db.close()
// These hold nothing, and are made again.
for (const name of ['.lock', 'log-reserve']) rmSync(join(folder, name))
