import { createXXHash3, type IHasher } from 'hash-wasm'

/** XXH3 with 64 bits. */
export interface Hash {
  /** The hash of these bytes, taken as one run. */
  of(...parts: readonly Uint8Array[]): bigint
}

let loading: Promise<Hash> | undefined

/** The hash, the same at every call: it keeps nothing between calls of `of`. */
export function loadHash(): Promise<Hash> {
  loading ??= createXXHash3().then((hasher) => ({ of: (...parts) => hashOf(hasher, parts) }))
  return loading
}

function hashOf(hasher: IHasher, parts: readonly Uint8Array[]): bigint {
  hasher.init()
  for (const part of parts) if (part.length > 0) hasher.update(part)
  const digest = hasher.digest('binary')
  return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
}
