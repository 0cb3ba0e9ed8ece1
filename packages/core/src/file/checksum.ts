import { createXXHash3 } from 'hash-wasm'

/** XXH3 with 64 bits, fed in pieces. */
export interface Checksum {
  update(bytes: Uint8Array): void
  /** The checksum of all that was fed; nothing may be fed after. */
  value(): bigint
}

export async function createChecksum(): Promise<Checksum> {
  const hasher = await createXXHash3()
  hasher.init()
  return {
    update(bytes) {
      if (bytes.length > 0) hasher.update(bytes)
    },
    value: () => BigInt(`0x${hasher.digest('hex')}`),
  }
}

export async function checksumOf(...parts: readonly Uint8Array[]): Promise<bigint> {
  const checksum = await createChecksum()
  for (const part of parts) checksum.update(part)
  return checksum.value()
}
