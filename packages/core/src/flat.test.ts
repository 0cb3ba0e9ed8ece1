import { FlatIndex } from './flat.ts'
import type { IndexContents, IndexImage } from './image.ts'
import { testVectorIndex } from './testing/index.ts'

/** A copy of what an index would save, to open it from. */
async function imageOf({ metadata, sections }: IndexContents): Promise<IndexImage> {
  const stored = sections.map(({ name, sizeBytes, parts }) => {
    const bytes = Buffer.concat([...parts()])
    const readInto = async (targets: Iterable<Uint8Array>): Promise<void> => {
      let at = 0
      for (const target of targets) {
        target.set(bytes.subarray(at, at + target.length))
        at += target.length
      }
    }
    return [name, { sizeBytes, readInto }] as const
  })
  return { source: 'memory', metadata, sections: new Map(stored) }
}

testVectorIndex('flat', {
  create: (shape) => new FlatIndex(shape),
  reopen: async (index) => FlatIndex.open(await (index as FlatIndex).save(imageOf)),
  recall: 1,
})
