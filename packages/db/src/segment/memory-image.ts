import type { IndexContents, IndexImage, StoredSection } from '@omen/core'

/** What would be written to a file, as if it had been read from there. It is held in memory as long as the image is. */
export function imageOf({ metadata, sections }: IndexContents, source: string): IndexImage {
  return {
    source,
    metadata,
    sections: new Map(
      sections.map(({ name, parts, sizeBytes }): [string, StoredSection] => {
        const bytes = new Uint8Array(sizeBytes)
        let at = 0
        for (const part of parts()) {
          bytes.set(part, at)
          at += part.length
        }
        return [
          name,
          {
            sizeBytes,
            mapped: bytes,
            verify: async () => undefined,
            readInto: async (targets) => {
              let from = 0
              for (const target of targets) {
                target.set(bytes.subarray(from, from + target.length))
                from += target.length
              }
            },
          },
        ]
      }),
    ),
  }
}
