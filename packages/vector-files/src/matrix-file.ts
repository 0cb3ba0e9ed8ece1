import { closeSync, fstatSync } from 'node:fs'
import {
  type Component,
  componentBytes,
  type Matrix,
  malformed,
  type NumberArray,
  openForReading,
  readAt,
  view,
} from './bytes.ts'

/** Rows of numbers in a file, read as they are needed. */
export interface MatrixFile {
  readonly rows: number
  readonly dimension: number
  readonly component: Component
  /**
   * Rows `from` to before `to`, one after another, in memory of their own.
   *
   * @throws OmenError `io`, `corrupt_dataset`
   */
  read(from: number, to: number): NumberArray
  close(): void
}

/** How rows lie in a file: components one after another, perhaps each row behind a header of its own. */
export interface RowLayout {
  readonly rows: number
  readonly dimension: number
  readonly component: Component
  /** Bytes before the first row. */
  readonly start: number
  /** Bytes before the components of each row. */
  readonly headerBytes: number
  /** Called for the header of each row that is read. @throws OmenError `corrupt_dataset` */
  readonly checkHeader?: (header: DataView, row: number) => void
}

/**
 * Opens a file whose rows all take the same number of bytes.
 *
 * @param layoutOf says where the rows lie; it may read from the file, whose size in bytes it is told
 * @throws OmenError `not_found`, `io`, and what `layoutOf` throws
 */
export function openRows(path: string, layoutOf: (file: number, sizeBytes: number) => RowLayout): MatrixFile {
  const file = openForReading(path)
  try {
    const layout = layoutOf(file, fstatSync(file).size)
    const { rows, dimension, component } = layout
    return {
      ...{ rows, dimension, component },
      read: (from, to) => readRows(path, file, layout, from, to),
      close: () => closeSync(file),
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function readRows(path: string, file: number, layout: RowLayout, from: number, to: number): NumberArray {
  const { dimension, component, start, headerBytes, checkHeader } = layout
  const rowBytes = dimension * componentBytes(component)
  const stride = headerBytes + rowBytes
  const bytes = readAt(path, file, start + from * stride, (to - from) * stride)
  if (headerBytes === 0) return view(component, bytes)
  // The headers are squeezed out in place: a copy of the whole would double the memory of large files.
  const headers = new DataView(bytes.buffer)
  for (let row = 0; row < to - from; row++) {
    checkHeader?.(new DataView(headers.buffer, row * stride, headerBytes), from + row)
  }
  for (let row = 0; row < to - from; row++) {
    bytes.copyWithin(row * rowBytes, row * stride + headerBytes, (row + 1) * stride)
  }
  return view(component, bytes.subarray(0, (to - from) * rowBytes))
}

/** All rows of a file, which is closed then. */
export function readAll(file: MatrixFile): Matrix {
  try {
    const { rows, dimension } = file
    return { rows, dimension, values: file.read(0, rows) }
  } finally {
    file.close()
  }
}

/** @throws OmenError `corrupt_dataset` for a body of another size than its rows take */
export function checkBody(path: string, bodyBytes: number, { rows, dimension, component }: RowLayout): void {
  const expected = rows * dimension * componentBytes(component)
  if (bodyBytes === expected) return
  throw malformed(
    path,
    `has ${bodyBytes} bytes of data where ${rows} rows of dimension ${dimension} take ${expected}`,
  )
}
