import { existsSync } from 'node:fs'
import { OmenError } from '@omen/core'
import { type MatrixFile, malformed, openHdf5, openMatrix, toFloats } from '@omen/vector-files'
import { UsageError } from '../usage-error.ts'
import { checkFile } from './bytes-of-file.ts'
import { besidePath } from './format.ts'
import { openJsonl } from './jsonl.ts'
import type { BadRecord, RecordSource, SourceRecord } from './record.ts'

/** Numbers read at a time. */
const SLICE_NUMBERS = 1 << 18
/** The column of files that give none a name. */
const COLUMN = 'vector'

/** Vectors in a file, under the name of their column. */
interface Vectors {
  readonly column: string
  readonly rows: number
  readonly dimension: number
  read(from: number, to: number): Float32Array
  close(): void
}

/**
 * Opens a file of vectors, with everything else of the rows in a file of JSON lines beside it, where there is one.
 *
 * @param beside the file of JSON lines; the one that an export writes, if it is there, when left out
 * @param column the data set of an HDF5 file; may be left out where there is one alone that has two axes
 * @throws OmenError `not_found`, `unsupported`, `corrupt_dataset`; UsageError
 */
export async function openMatrixRecords(
  path: string,
  beside: string | undefined,
  column: string | undefined,
): Promise<RecordSource> {
  checkFile(path)
  const isHdf5 = path.endsWith('.hdf5') || path.endsWith('.h5')
  const vectors = isHdf5 ? await hdf5Vectors(path, column) : matrixVectors(openMatrix(path))
  const besides = beside ?? (existsSync(besidePath(path)) ? besidePath(path) : undefined)
  const others = besides === undefined ? undefined : openJsonl(besides)
  let done = 0
  return {
    ...{ unit: 'row', text: false, total: vectors.rows, vectorColumns: [vectors.column] },
    done: () => done,
    read: (after) =>
      records(
        vectors,
        after,
        (row) => (done = row),
        besides && others ? { path: besides, records: others.read(0) } : undefined,
      ),
    async close() {
      vectors.close()
      await others?.close()
    },
  }
}

function matrixVectors(file: MatrixFile): Vectors {
  const { rows, dimension } = file
  return {
    ...{ column: COLUMN, rows, dimension },
    read: (from, to) => toFloats(file.read(from, to)),
    close: () => file.close(),
  }
}

async function hdf5Vectors(path: string, column: string | undefined): Promise<Vectors> {
  const file = await openHdf5(path)
  try {
    const name =
      column ??
      onlyMatrix(
        path,
        file.names.filter((each) => file.shape(each)?.length === 2),
      )
    const { rows, dimension, read } = file.matrix(name)
    return {
      ...{ column: name, rows, dimension },
      read(from, to) {
        const values = new Float32Array((to - from) * dimension)
        read(from, to, values)
        return values
      },
      close: () => file.close(),
    }
  } catch (error) {
    file.close()
    throw error
  }
}

function onlyMatrix(path: string, names: readonly string[]): string {
  const [name, another] = names
  if (name !== undefined && another === undefined) return name
  if (name === undefined) throw malformed(path, 'has no data set with two axes at its root')
  throw new UsageError(
    `${path} has the data sets ${names.join(', ')}: say which one with --vector ${name}=field`,
  )
}

interface Beside {
  readonly path: string
  readonly records: AsyncIterator<SourceRecord | BadRecord, void>
}

async function* records(
  { column, rows, dimension, read }: Vectors,
  after: number,
  progress: (row: number) => void,
  beside: Beside | undefined,
): AsyncGenerator<SourceRecord | BadRecord, void, undefined> {
  const step = Math.max(1, Math.floor(SLICE_NUMBERS / Math.max(1, dimension)))
  for (let row = 0; row < after; row++) await beside?.records.next()
  for (let from = after; from < rows; from += step) {
    const to = Math.min(rows, from + step)
    const values = read(from, to)
    for (let row = from; row < to; row++) {
      const vector = values.slice((row - from) * dimension, (row - from + 1) * dimension)
      const line = row + 1
      progress(line)
      const other = beside ? await besideOf(beside, row, rows) : undefined
      if (other && 'reason' in other) yield { ...other, line, position: line }
      // Without a file beside it, a row is called by its number.
      else
        yield {
          line,
          position: line,
          values: { ...(other?.values ?? { id: String(row) }), [column]: vector },
        }
    }
  }
}

async function besideOf(
  { path, records }: Beside,
  row: number,
  rows: number,
): Promise<SourceRecord | BadRecord> {
  const { value } = await records.next()
  if (value) return value
  throw new OmenError('corrupt_dataset', `${path} ends after ${row} rows, and there are ${rows} vectors`)
}
