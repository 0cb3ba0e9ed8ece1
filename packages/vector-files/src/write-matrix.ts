import { type FileHandle, open } from 'node:fs/promises'
import { OmenError } from '@omen/core'
import { createHdf5 } from './hdf5.ts'
import { ROW_HEADER_BYTES } from './vecs.ts'

/** A file of f32 vectors that is being written. */
export interface MatrixWriter {
  /** @param values whole rows, one after another: not kept */
  append(values: Float32Array): Promise<void>
  /** Completes the file: until then it cannot be read. */
  close(): Promise<void>
}

/** NumPy pads its header so that the data begins at a multiple of it. */
const NPY_HEADER_BYTES = 128

/**
 * Begins a file of f32 vectors, in place of one that is there; its extension says how it is written: `.fvecs`, `.npy`, `.hdf5`
 * or `.h5`.
 *
 * @param name of the data set in an HDF5 file
 * @throws OmenError `unsupported` for another extension, `io`
 */
export async function createMatrix(path: string, dimension: number, name: string): Promise<MatrixWriter> {
  if (path.endsWith('.fvecs')) return createVecs(path, dimension)
  if (path.endsWith('.npy')) return createNpy(path, dimension)
  if (path.endsWith('.hdf5') || path.endsWith('.h5')) {
    const file = await createHdf5(path, name, dimension)
    return {
      append: async (values) => file.append(values),
      close: async () => file.close(),
    }
  }
  throw new OmenError('unsupported', `${path} is none of .fvecs, .npy, .hdf5, .h5`)
}

async function createVecs(path: string, dimension: number): Promise<MatrixWriter> {
  const file = await openForWriting(path)
  const stride = ROW_HEADER_BYTES + 4 * dimension
  return {
    async append(values) {
      const rows = values.length / dimension
      const bytes = new Uint8Array(rows * stride)
      const view = new DataView(bytes.buffer)
      for (let row = 0; row < rows; row++) {
        view.setInt32(row * stride, dimension, true)
        bytes.set(
          bytesOf(values.subarray(row * dimension, (row + 1) * dimension)),
          row * stride + ROW_HEADER_BYTES,
        )
      }
      await writing(path, file.appendFile(bytes))
    },
    close: () => file.close(),
  }
}

/** The number of rows stands in the header, which is written again at the end. */
async function createNpy(path: string, dimension: number): Promise<MatrixWriter> {
  const file = await openForWriting(path)
  let rows = 0
  await writing(path, file.write(npyHeader(rows, dimension)))
  return {
    async append(values) {
      const at = NPY_HEADER_BYTES + rows * dimension * 4
      await writing(path, file.write(bytesOf(values), 0, values.byteLength, at))
      rows += values.length / dimension
    },
    async close() {
      await writing(path, file.write(npyHeader(rows, dimension), 0, NPY_HEADER_BYTES, 0))
      await file.close()
    },
  }
}

/** Version 1.0 of the format: magic, version, length of the text, text, padding, a line feed. */
function npyHeader(rows: number, dimension: number): Uint8Array {
  const prelude = 10
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`
  const header = Buffer.alloc(NPY_HEADER_BYTES, ' ')
  header.write('\x93NUMPY\x01\x00', 'latin1')
  header.writeUInt16LE(NPY_HEADER_BYTES - prelude, 8)
  header.write(text, prelude, 'latin1')
  header.write('\n', NPY_HEADER_BYTES - 1, 'latin1')
  return header
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

function openForWriting(path: string): Promise<FileHandle> {
  return writing(path, open(path, 'w'))
}

async function writing<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC'
    throw new OmenError(full ? 'disk_full' : 'io', `could not write ${path}`, { cause })
  }
}
