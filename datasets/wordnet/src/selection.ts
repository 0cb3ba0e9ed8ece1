import type { Synset } from './wordnet.ts'

/**
 * Orders meanings so that however many are taken from the front, they are those that people use most, of all topics. A
 * topic gets as many places as the square root of its size: large ones more, but animals are not drowned by adjectives.
 */
export function mostUsedFirst(synsets: readonly Synset[]): Synset[] {
  const topics: Synset[][] = []
  for (const synset of synsets) {
    const topic = topics[synset.lexicalFile.number]
    if (topic) topic.push(synset)
    else topics[synset.lexicalFile.number] = [synset]
  }
  return topics
    .flatMap((topic) => {
      const sorted = topic.toSorted((a, b) => b.uses - a.uses)
      return sorted.map((synset, i) => ({ synset, place: (i + 1) / Math.sqrt(topic.length) }))
    })
    .sort((a, b) => a.place - b.place)
    .map(({ synset }) => synset)
}
