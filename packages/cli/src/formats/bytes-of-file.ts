import { createReadStream, existsSync, statSync } from 'node:fs'
import { OmenError } from '@omen/core'

/** A stream of bytes and how many there are; 0 where nobody knows. */
export interface Bytes {
  readonly stream: AsyncIterable<Buffer>
  readonly sizeBytes: number
  close(): void
}

/** Read at a time. */
const CHUNK_BYTES = 1 << 18

/** Opens a file, or standard input for `-`. @throws OmenError `not_found`, `invalid_argument` */
export function openBytes(path: string): Bytes {
  if (path === '-') return { stream: process.stdin, sizeBytes: 0, close: () => process.stdin.destroy() }
  checkFile(path)
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  return { stream, sizeBytes: statSync(path).size, close: () => stream.destroy() }
}

/** @throws OmenError `not_found`, `invalid_argument` for a folder */
export function checkFile(path: string): void {
  if (!existsSync(path)) throw new OmenError('not_found', `there is no file ${path}`)
  if (statSync(path).isDirectory()) throw new OmenError('invalid_argument', `${path} is a folder`)
}
