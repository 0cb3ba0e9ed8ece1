import type { StorageBackend } from '@omen/core'

/** Bytes copied at a time. */
const BLOCK_BYTES = 2 ** 20

/**
 * Copies a file: it is durable when this resolves, and there in part when it fails.
 *
 * @param name what it is called in both folders; `as` what the copy is called instead
 * @throws OmenError `not_found`, `disk_full`, `io`
 */
export async function copyFile(
  source: StorageBackend,
  target: StorageBackend,
  name: string,
  as: string = name,
): Promise<void> {
  const region = await source.read(name)
  try {
    const block = new Uint8Array(Math.min(BLOCK_BYTES, region.sizeBytes))
    for (let at = 0; at < region.sizeBytes; at += block.length) {
      const bytes = block.subarray(0, Math.min(block.length, region.sizeBytes - at))
      await region.readInto(bytes, at)
      await target.append(as, at, bytes, 'buffered')
    }
    // What was appended becomes durable with the last, which adds nothing.
    await target.append(as, region.sizeBytes, new Uint8Array(), 'synced')
  } finally {
    await region.close()
  }
}
