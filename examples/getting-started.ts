import { boolean, date, integer, keyword, type OmenError, open, text, vector } from '@omen/db'

await using db = await open('./library')

const books = await db.collection('books', {
  title: text(),
  tags: keyword({ many: true }),
  year: integer(),
  lent: boolean({ optional: true }),
  added: date(),
  about: vector(64, { metric: 'cosine' }),
})

function embed(words: string): Float32Array {
  const embedding = new Float32Array(64)
  for (let i = 0; i + 3 <= words.length; i++) {
    const hash = [...words.slice(i, i + 3)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 61, 7)
    embedding[hash] = (embedding[hash] ?? 0) + 1
  }
  return embedding
}

const added = new Date()
await books.upsert([
  { id: 'a', title: 'On graphs', tags: ['graphs'], year: 2019, added, about: embed('walks in graphs') },
  { id: 'b', title: 'On bread', tags: ['food'], year: 2021, added, about: embed('flour, water, salt') },
  { id: 'c', title: 'More graphs', tags: ['graphs', 'web'], year: 2023, added, about: embed('big graphs') },
])

await books.update([{ id: 'a', lent: true }])
await books.upsert([
  { id: 'd', title: 'A note', tags: [], year: 2024, added, about: embed('salt'), $ttlMs: 60_000 },
])
await books.delete({ where: { tags: 'food' } })

const version = await books.version('a')
await books.update([{ id: 'a', lent: false }], { ifVersion: version })
const conflict = await books
  .update([{ id: 'a', lent: true }], { ifVersion: version })
  .catch((error: OmenError) => error.code)
console.log(conflict) // conflict

const { hits } = await books.search({
  vector: { about: embed('graphs') },
  where: { year: { $gte: 2019 }, lent: { $ne: true } },
  select: ['title'],
  limit: 2,
})
for (const { id, title } of hits) console.log(id, title) // c More graphs, a On graphs

await using moment = await books.snapshot()
await books.delete({ ids: ['a'] })
console.log(await moment.count(), await books.count()) // 3 2
for await (const { id, year } of books.scan({ where: { tags: 'graphs' } })) console.log(id, year) // c 2023
