import { OmenError, type Schema } from '@omen/client'
import { readLines } from '@omen/wire'
import Papa from 'papaparse'
import { chunksOf } from '../../chunks.ts'
import { csvRow } from './csv-row.ts'

/** Rows of a file that are written together. */
export interface Batch {
  /** A JSON document each. */
  readonly lines: readonly string[]
  /** Where each stands in the file, counted from 1. */
  readonly numbers: readonly number[]
  /** Bytes of the file that have been read. */
  readonly bytesRead: number
}

const BATCH_ROWS = 1000
const BATCH_CHARACTERS = 4_000_000
const MAX_LINE_BYTES = 16 << 20
const CSV_CHUNK_BYTES = 1 << 20

/** Whether a file is of a kind that can be imported. */
export function isImportable(name: string): boolean {
  return /\.(jsonl|ndjson|csv|tsv)$/i.test(name)
}

/** Reads the rows of a file, batch after batch, never more of it than needed. */
export function readRows(file: File, schema: Schema): AsyncGenerator<Batch, void, undefined> {
  if (!isImportable(file.name)) {
    throw new OmenError(
      'unsupported',
      `${file.name} is neither JSONL (.jsonl, .ndjson) nor a table (.csv, .tsv).`,
    )
  }
  return batched(/\.[ct]sv$/i.test(file.name) ? tableRows(file, schema) : jsonLines(file))
}

interface Line {
  readonly text: string
  readonly number: number
  readonly bytesRead: number
}

async function* batched(rows: AsyncIterable<Line>): AsyncGenerator<Batch, void, undefined> {
  let lines: string[] = []
  let numbers: number[] = []
  let characters = 0
  let bytesRead = 0
  for await (const row of rows) {
    if (lines.length >= BATCH_ROWS || (lines.length > 0 && characters + row.text.length > BATCH_CHARACTERS)) {
      yield { lines, numbers, bytesRead }
      lines = []
      numbers = []
      characters = 0
    }
    lines.push(row.text)
    numbers.push(row.number)
    characters += row.text.length
    bytesRead = row.bytesRead
  }
  if (lines.length > 0) yield { lines, numbers, bytesRead }
}

async function* jsonLines(file: File): AsyncGenerator<Line, void, undefined> {
  const decoder = new TextDecoder()
  let bytesRead = 0
  for await (const { line, bytes } of readLines(chunksOf(file.stream()), MAX_LINE_BYTES)) {
    if (!bytes) throw new OmenError('too_large', `Line ${line} has more than ${MAX_LINE_BYTES} bytes.`)
    bytesRead += bytes.length + 1
    const text = decoder.decode(bytes).trim()
    if (text !== '') yield { text, number: line, bytesRead }
  }
}

/** The rows of a table, whose first row names the columns. */
async function* tableRows(file: File, schema: Schema): AsyncGenerator<Line, void, undefined> {
  let columns: string[] | undefined
  let number = 0
  for await (const { rows, bytesRead } of tableChunks(file)) {
    for (const cells of rows) {
      number++
      if (!columns) {
        columns = cells.map((cell) => cell.trim())
        continue
      }
      yield { text: JSON.stringify(csvRow(columns, cells, schema)), number, bytesRead }
    }
  }
}

/** Parses a table piece by piece, at the pace at which the pieces are taken. */
async function* tableChunks(
  file: File,
): AsyncGenerator<{ rows: string[][]; bytesRead: number }, void, undefined> {
  type Piece = { rows: string[][]; bytesRead: number }
  let deliver: (piece: Piece | undefined) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  let parser: Papa.Parser | undefined
  const next = (): Promise<Piece | undefined> =>
    new Promise((resolve, reject) => {
      deliver = resolve
      fail = reject
      parser?.resume()
    })
  let piece = next()
  Papa.parse<string[], File>(file, {
    skipEmptyLines: 'greedy',
    chunkSize: CSV_CHUNK_BYTES,
    chunk: ({ data, meta }, handle) => {
      parser = handle
      handle.pause()
      deliver({ rows: data, bytesRead: meta.cursor })
    },
    complete: () => deliver(undefined),
    error: (error) => fail(error),
  })
  try {
    for (;;) {
      const taken = await piece
      if (!taken) return
      yield taken
      piece = next()
    }
  } finally {
    parser?.abort()
  }
}
