import { integer, keyword, open, text, vector } from '@omen/db'

await using db = await open('./data') // a directory; created when absent
const docs = await db.collection('docs', {
  title: text(),
  lang: keyword(),
  year: integer(),
  embedding: vector(4, { metric: 'cosine' }), // as many numbers as your model gives
})

await docs.upsert([
  { id: 'a', title: 'Graph search', lang: 'en', year: 2024, embedding: [0.9, 0.1, 0.3, 0.1] },
  { id: 'b', title: 'Walking graphs', lang: 'en', year: 2018, embedding: [0.8, 0.2, 0.4, 0.1] },
  { id: 'c', title: 'Sourdough', lang: 'en', year: 2021, embedding: [0.1, 0.9, 0.1, 0.6] },
  { id: 'd', title: 'Graphensuche', lang: 'de', year: 2023, embedding: [0.9, 0.2, 0.3, 0.1] },
])

const { hits } = await docs.search({
  vector: { embedding: [1, 0, 0.4, 0] },
  where: { lang: 'en', year: { $gte: 2020 } },
  select: ['title', 'year'],
  limit: 10,
})
for (const { score, title, year } of hits) console.log(score.toFixed(2), title, year)
