import { type FileHandle, open } from 'node:fs/promises'
import { OmenError } from '@omen/core'
import type { DataType, RecordBatch, RecordBatchReader, Vector } from 'apache-arrow'
import { checkFile } from './bytes-of-file.ts'
import { plainValue } from './plain-value.ts'
import type { RecordSource, SourceRecord } from './record.ts'

type Arrow = typeof import('apache-arrow')

/** Metadata of a column of JSON: the canonical extension type `arrow.json`. */
export const EXTENSION_NAME = 'ARROW:extension:name'
export const JSON_EXTENSION = 'arrow.json'

/**
 * Opens an Arrow file or stream; one batch of rows is in memory at a time.
 *
 * @throws OmenError `not_found`, `corrupt_dataset`
 */
export async function openArrow(path: string): Promise<RecordSource> {
  checkFile(path)
  const arrow = await import('apache-arrow')
  const file = await open(path)
  const reader = await openReader(path, arrow, file)
  let done = 0
  async function* read(after: number): AsyncGenerator<SourceRecord, void, undefined> {
    let start = 0
    for await (const batch of batches(path, reader)) {
      if (start + batch.numRows > after) {
        const columns = columnsOf(arrow, batch)
        for (let row = 0; row < batch.numRows; row++) {
          done = start + row + 1
          if (done <= after) continue
          const values = Object.fromEntries(columns.map(([name, valueAt]) => [name, valueAt(row)]))
          yield { line: done, position: done, values }
        }
      }
      start += batch.numRows
    }
  }
  return {
    ...{ unit: 'row', text: false, total: 0, vectorColumns: vectorColumnsOf(arrow, reader) },
    done: () => done,
    read,
    async close() {
      await reader.cancel()
      // The reader may have closed it at the end.
      await file.close().catch(() => undefined)
    },
  }
}

async function openReader(path: string, arrow: Arrow, file: FileHandle): Promise<RecordBatchReader> {
  try {
    const reader = await arrow.RecordBatchReader.from(file)
    await reader.open()
    return reader
  } catch (cause) {
    await file.close()
    throw damaged(path, cause)
  }
}

async function* batches(path: string, reader: RecordBatchReader): AsyncGenerator<RecordBatch> {
  try {
    for await (const batch of reader as AsyncIterable<RecordBatch>) yield batch
  } catch (cause) {
    throw cause instanceof OmenError ? cause : damaged(path, cause)
  }
}

function damaged(path: string, cause: unknown): OmenError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new OmenError('corrupt_dataset', `${path} is no Arrow file, or is damaged: ${why}`, { cause })
}

/** Lists of floats of one length are vectors. */
function vectorColumnsOf(arrow: Arrow, reader: RecordBatchReader): string[] {
  return reader.schema.fields.flatMap(({ name, type }) =>
    arrow.DataType.isFixedSizeList(type) && arrow.DataType.isFloat(type.children[0]?.type) ? [name] : [],
  )
}

function columnsOf(arrow: Arrow, batch: RecordBatch): [string, (row: number) => unknown][] {
  return batch.schema.fields.map(({ name, type, metadata }, i) => {
    const column = batch.getChildAt(i)
    const isJson = metadata.get(EXTENSION_NAME) === JSON_EXTENSION
    const convert = isJson ? parsed : converterOf(arrow, type)
    return [name, (row) => convert(column?.get(row))]
  })
}

const parsed = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value)

/** Turns what a column of a type gives into plain JavaScript. */
function converterOf(arrow: Arrow, type: DataType): (value: unknown) => unknown {
  const { DataType } = arrow
  if (DataType.isTimestamp(type) || DataType.isDate(type)) {
    return (value) => (typeof value === 'number' ? new Date(Math.floor(value)) : value)
  }
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const element = type.children[0]?.type
    const convert = element ? converterOf(arrow, element) : plainValue
    const isFloat = element && DataType.isFloat(element)
    return (value) =>
      value === null || value === undefined ? null : elementsOf(value as Vector, convert, isFloat)
  }
  if (DataType.isDictionary(type)) return converterOf(arrow, type.dictionary)
  if (DataType.isStruct(type)) {
    const children = type.children.map(({ name, type: child }) => [name, converterOf(arrow, child)] as const)
    return (value) => {
      if (typeof value !== 'object' || value === null) return null
      const fields = value as Record<string, unknown>
      return Object.fromEntries(children.map(([name, convert]) => [name, convert(fields[name])]))
    }
  }
  return plainValue
}

/** Floats as a typed array of their own, since batches are let go; everything else as an array. */
function elementsOf(list: Vector, convert: (value: unknown) => unknown, isFloat = false): unknown {
  if (isFloat && list.nullCount === 0) {
    const numbers: unknown = list.toArray()
    if (numbers instanceof Float32Array || numbers instanceof Float64Array) return numbers.slice()
  }
  return Array.from(list, convert)
}
