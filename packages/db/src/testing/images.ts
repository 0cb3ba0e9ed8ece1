import { type IndexContents, type IndexImage, MemoryStorage, type Region } from '@omen/core'
import { openSectionRegion, sectionFileParts } from '@omen/core/file'

/** The bytes of a section file with these contents. */
export async function fileBytes({ metadata, sections }: IndexContents): Promise<Uint8Array> {
  const { parts } = await sectionFileParts(metadata, sections)
  return Buffer.concat([...parts])
}

/** Opens the bytes of a section file, as if mapped or to be read. */
export async function openBytes(bytes: Uint8Array, mapped: boolean): Promise<IndexImage> {
  const storage = new MemoryStorage()
  await storage.writeOnce('file', [bytes])
  const region = await storage.read('file')
  const plain: Region = {
    sizeBytes: region.sizeBytes,
    readInto: (target, offset) => region.readInto(target, offset),
    close: () => region.close(),
  }
  return openSectionRegion(mapped ? region : plain, 'file')
}
