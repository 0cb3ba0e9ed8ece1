import { OmenError, type StorageBackend } from '@omen/core'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a JSON value, in UTF-8. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

/** @throws OmenError `corrupt_database` for bytes that are no UTF-8 */
export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new OmenError('corrupt_database', `${what} is no text in UTF-8`, { cause })
  }
}

/** @throws OmenError `corrupt_database` for bytes that are no JSON */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  const text = textOf(bytes, what)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new OmenError('corrupt_database', `${what} is no JSON`, { cause })
  }
}

/** One run of bytes after another. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Ids as bytes: how many there are, the bytes of each, then all of them in UTF-8. */
export function encodeIds(ids: readonly string[]): Uint8Array {
  const texts = ids.map((id) => encoder.encode(id))
  const lengths = new Uint8Array(4 * (texts.length + 1))
  const view = new DataView(lengths.buffer)
  view.setUint32(0, texts.length, true)
  for (const [i, text] of texts.entries()) view.setUint32(4 * (i + 1), text.length, true)
  return joinBytes([lengths, ...texts])
}

/**
 * Reads what `encodeIds` wrote.
 *
 * @returns the ids, and where they end
 * @throws OmenError `corrupt_database`
 */
export function decodeIds(bytes: Uint8Array): { ids: string[]; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const short = (): OmenError => new OmenError('corrupt_database', 'a list of ids is longer than its record')
  if (bytes.length < 4) throw short()
  const count = view.getUint32(0, true)
  let end = 4 * (count + 1)
  if (end > bytes.length) throw short()
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const start = end
    end += view.getUint32(4 * (i + 1), true)
    if (end > bytes.length) throw short()
    ids.push(textOf(bytes.subarray(start, end), 'an id'))
  }
  return { ids, end }
}

/**
 * Reads a whole small file.
 *
 * @throws OmenError `not_found`, `io`
 */
export async function readWhole(storage: StorageBackend, name: string): Promise<Uint8Array> {
  const region = await storage.read(name)
  try {
    const bytes = new Uint8Array(region.sizeBytes)
    await region.readInto(bytes, 0)
    return bytes
  } finally {
    await region.close()
  }
}
