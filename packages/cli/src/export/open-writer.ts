import { open } from 'node:fs/promises'
import type { Field, VectorField } from '@omen/schema'
import { vectorFieldOf } from '../database/vector-field.ts'
import { arrowWriter } from '../formats/arrow-write.ts'
import { csvWriter } from '../formats/csv.ts'
import { type Format, VECTOR_FORMATS } from '../formats/format.ts'
import { jsonlWriter } from '../formats/jsonl.ts'
import { matrixWriter } from '../formats/matrix-write.ts'
import { parquetWriter } from '../formats/parquet.ts'
import type { RowWriter } from '../formats/record.ts'
import { nameOfTemporary } from '../formats/temporary.ts'
import type { Output } from '../output/output.ts'
import { UsageError } from '../usage-error.ts'

/** A writer, and how many rows it could not take since they have no vector. */
export interface ExportWriter extends RowWriter {
  readonly leftOut?: () => number
}

/**
 * Begins a file of rows.
 *
 * @param path `-` for standard output, where the format is text
 * @param fields those that are written
 * @param vectorField the one that goes into a file of vectors; may be left out where there is one alone
 * @throws UsageError for a format that cannot be written so
 */
export async function openWriter(
  path: string,
  format: Format,
  fields: ReadonlyMap<string, Field>,
  vectorField: string | undefined,
  output: Output,
): Promise<ExportWriter> {
  if (vectorField !== undefined && !VECTOR_FORMATS.includes(format)) {
    throw new UsageError(
      `--field is for files of vectors; ${format} holds all fields: --select chooses among them`,
    )
  }
  if (path === '-' && format !== 'jsonl' && format !== 'csv' && format !== 'tsv') {
    throw new UsageError(`${format} cannot be written to standard output: name a file`)
  }
  switch (format) {
    case 'jsonl':
      return await textWriter(path, output, (put, close) => jsonlWriter(fields, put, close))
    case 'csv':
      return await textWriter(path, output, (put, close) => csvWriter(fields, ',', put, close))
    case 'tsv':
      return await textWriter(path, output, (put, close) => csvWriter(fields, '\t', put, close))
    case 'parquet':
      return await parquetWriter(path, fields)
    case 'arrow':
      return await arrowWriter(path, fields)
    case 'npy':
    case 'fvecs':
    case 'hdf5':
      return await matrixWriter(path, fields, vectorOf(fields, vectorField))
    case 'matrix':
      throw new UsageError(`${path}: this format is read and not written; choose .npy, .fvecs or .hdf5`)
  }
}

async function textWriter(
  path: string,
  output: Output,
  writer: (put: (text: string) => Promise<void>, close: () => Promise<void>) => RowWriter,
): Promise<RowWriter> {
  if (path === '-')
    return writer(
      (text) => output.write(text),
      async () => undefined,
    )
  const temporary = nameOfTemporary(path)
  const file = await open(temporary.path, 'w')
  return writer(
    (text) => file.appendFile(text),
    async () => {
      await file.close()
      await temporary.complete()
    },
  )
}

function vectorOf(
  fields: ReadonlyMap<string, Field>,
  named: string | undefined,
): { name: string; field: VectorField } {
  const name = vectorFieldOf(Object.fromEntries(fields), named)
  const field = fields.get(name)
  if (field?.kind === 'vector') return { name, field }
  throw new UsageError(`${name} is no vector field`)
}
