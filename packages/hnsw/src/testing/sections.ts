import { createHash } from 'node:crypto'
import type { Section } from '@omen/core'

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
