import { openArrow } from '../formats/arrow-read.ts'
import { openCsv } from '../formats/csv.ts'
import type { Format } from '../formats/format.ts'
import { openJsonl } from '../formats/jsonl.ts'
import { openMatrixRecords } from '../formats/matrix-read.ts'
import { openParquet } from '../formats/parquet.ts'
import type { RecordSource } from '../formats/record.ts'
import { UsageError } from '../usage-error.ts'

export interface SourceOptions {
  /** Between the cells of a CSV file. */
  readonly delimiter?: string | undefined
  /** A file of JSON lines with everything but the vectors. */
  readonly rows?: string | undefined
  /** The data set of an HDF5 file. */
  readonly dataset?: string | undefined
}

/** Opens a file of records. @throws OmenError `not_found`, `corrupt_dataset`, `unsupported`; UsageError */
export async function openRecords(
  path: string,
  format: Format,
  options: SourceOptions,
): Promise<RecordSource> {
  if (path === '-' && format !== 'jsonl' && format !== 'csv' && format !== 'tsv') {
    throw new UsageError(`${format} cannot be read from standard input: name a file`)
  }
  switch (format) {
    case 'jsonl':
      return openJsonl(path)
    case 'csv':
      return openCsv(path, options.delimiter ?? ',')
    case 'tsv':
      return openCsv(path, options.delimiter ?? '\t')
    case 'parquet':
      return await openParquet(path)
    case 'arrow':
      return await openArrow(path)
    case 'npy':
    case 'fvecs':
    case 'hdf5':
    case 'matrix':
      return await openMatrixRecords(path, options.rows, options.dataset)
  }
}
