import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs'
import { OmenError } from '@omen/core'

/** What a vector file's components are stored as. */
export type Component = 'f32' | 'u8' | 'i8' | 'i32' | 'u32'

/** Rows of numbers, one after another. */
export interface Matrix<T extends NumberArray = NumberArray> {
  readonly rows: number
  readonly dimension: number
  readonly values: T
}

export type NumberArray = Float32Array | Uint8Array | Int8Array | Int32Array | Uint32Array

/** One read may not ask for more: 2 GiB is the limit of the system call. */
const READ_BYTES = 1 << 28

/** Bytes of one component. */
export function componentBytes(component: Component): number {
  return component === 'u8' || component === 'i8' ? 1 : 4
}

/** A typed array over whole bytes, which must be aligned for it. */
export function view(component: Component, bytes: Uint8Array): NumberArray {
  const { buffer, byteOffset, byteLength } = bytes
  const count = byteLength / componentBytes(component)
  switch (component) {
    case 'f32':
      return new Float32Array(buffer, byteOffset, count)
    case 'u8':
      return bytes
    case 'i8':
      return new Int8Array(buffer, byteOffset, count)
    case 'i32':
      return new Int32Array(buffer, byteOffset, count)
    case 'u32':
      return new Uint32Array(buffer, byteOffset, count)
  }
}

/** The same numbers as `Float32Array`; the array itself when it is one. */
export function toFloats(values: NumberArray): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values)
}

/**
 * Reads bytes of an open file into memory of their own, also beyond 2 GiB.
 *
 * @throws OmenError `io`, `corrupt_dataset` for a file that ends before
 */
export function readAt(
  path: string,
  file: number,
  start: number,
  sizeBytes: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes)
  try {
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(file, bytes, at, Math.min(READ_BYTES, bytes.length - at), start + at)
      if (read === 0)
        throw malformed(path, `ends after ${start + at} bytes, ${start + bytes.length} are needed`)
      at += read
    }
  } catch (error) {
    throw error instanceof OmenError ? error : new OmenError('io', `could not read ${path}`, { cause: error })
  }
  return bytes
}

/**
 * Reads a whole file into memory of its own.
 *
 * @throws OmenError `not_found`, `io`
 */
export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  const file = openForReading(path)
  try {
    return readAt(path, file, 0, fstatSync(file).size)
  } finally {
    closeSync(file)
  }
}

/** Writes numbers as they lie in memory (little-endian on every platform that Node runs on). */
export function writeNumbers(path: string, values: NumberArray): void {
  writeFileSync(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

/**
 * Reads a file that is nothing but numbers.
 *
 * @param count numbers that it must hold
 * @throws OmenError `not_found`, `io`, `corrupt_dataset` for another size
 */
export function readNumbers(path: string, component: Component, count: number): NumberArray {
  const expected = count * componentBytes(component)
  const bytes = readBytes(path)
  if (bytes.length !== expected) {
    throw malformed(path, `has ${bytes.length} bytes where ${count} ${component} numbers take ${expected}`)
  }
  return view(component, bytes)
}

/** The error of every reader: the file and what is wrong with it. */
export function malformed(path: string, what: string, cause?: unknown): OmenError {
  return new OmenError('corrupt_dataset', `${path} ${what}`, cause === undefined ? {} : { cause })
}

/** @throws OmenError `not_found`, `io` */
export function openForReading(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new OmenError(missing ? 'not_found' : 'io', `could not open ${path}`, { cause: error })
  }
}
