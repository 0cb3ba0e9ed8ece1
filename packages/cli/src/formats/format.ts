import { MATRIX_EXTENSIONS } from '@omen/vector-files'
import { didYouMean } from '../arguments/suggest.ts'
import { UsageError } from '../usage-error.ts'

/** What files of rows are written in: a closed set. */
export type Format = 'jsonl' | 'csv' | 'tsv' | 'parquet' | 'arrow' | 'npy' | 'fvecs' | 'hdf5' | 'matrix'

const EXTENSIONS: Readonly<Record<Format, readonly string[]>> = {
  jsonl: ['.jsonl', '.ndjson'],
  csv: ['.csv'],
  tsv: ['.tsv'],
  parquet: ['.parquet'],
  arrow: ['.arrow', '.feather', '.arrows'],
  npy: ['.npy'],
  fvecs: ['.fvecs'],
  hdf5: ['.hdf5', '.h5'],
  /** Those that are read and not written. */
  matrix: MATRIX_EXTENSIONS.filter((extension) => extension !== '.npy' && extension !== '.fvecs'),
}

const FORMATS = Object.keys(EXTENSIONS) as Format[]

/** Formats that hold one field of vectors, with everything else in a file beside them. */
export const VECTOR_FORMATS: readonly Format[] = ['npy', 'fvecs', 'hdf5', 'matrix']

/**
 * The format of a file: the one that is named, else what its extension says.
 *
 * @throws UsageError for a name or an extension that there is not
 */
export function formatOf(path: string, named: string | undefined): Format {
  if (named !== undefined) {
    const found = FORMATS.find((format) => format === named)
    if (found) return found
    throw new UsageError(`there is no format ${named}${didYouMean(named, FORMATS)}: ${FORMATS.join(', ')}`)
  }
  const found = FORMATS.find((format) => EXTENSIONS[format].some((extension) => path.endsWith(extension)))
  if (found) return found
  throw new UsageError(`what is in ${path}? Say --format ${FORMATS.join('|')}`)
}

/** The file with everything but the vectors, a line of JSON for each. */
export const besidePath = (path: string): string => `${path}.rows.jsonl`
