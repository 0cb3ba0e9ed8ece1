import { createXXHash3, type IHasher } from 'hash-wasm'

/** XXH3 with 64 bits, fed in pieces. */
export interface Checksum {
  update(bytes: Uint8Array): void
  /** The checksum of all that was fed; nothing may be fed or asked after. */
  value(): bigint
}

/** Hashers that are free: making one takes about a millisecond, as long as to hash megabytes. */
const free: IHasher[] = []

export async function createChecksum(): Promise<Checksum> {
  const hasher = free.pop() ?? (await createXXHash3())
  hasher.init()
  return {
    update(bytes) {
      if (bytes.length > 0) hasher.update(bytes)
    },
    value() {
      const value = BigInt(`0x${hasher.digest('hex')}`)
      free.push(hasher)
      return value
    },
  }
}

export async function checksumOf(...parts: readonly Uint8Array[]): Promise<bigint> {
  const checksum = await createChecksum()
  for (const part of parts) checksum.update(part)
  return checksum.value()
}
