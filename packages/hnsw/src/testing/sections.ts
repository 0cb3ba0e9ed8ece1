import { createHash } from 'node:crypto'
import { type JsonObject, MemoryStorage, type Section } from '@omen/core'
import { openSectionRegion, type SectionFile, sectionFileParts } from '@omen/core/file'

/** A digest of each section: two indexes whose digests are equal are equal byte for byte. */
export function digests(sections: readonly Section[]): Record<string, string> {
  return Object.fromEntries(
    sections.map((section) => {
      const hash = createHash('sha1')
      for (const part of section.parts()) hash.update(part)
      return [section.name, hash.digest('hex')]
    }),
  )
}

/** A section file in memory, its sections mapped. */
export async function imageOf(metadata: JsonObject, sections: readonly Section[]): Promise<SectionFile> {
  const storage = new MemoryStorage()
  await storage.writeOnce('index', (await sectionFileParts(metadata, sections)).parts)
  return openSectionRegion(await storage.read('index'), 'an image in memory')
}
