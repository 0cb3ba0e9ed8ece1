/** A record of a file, before it is a row. */
export interface SourceRecord {
  /** Its line in a text, else its number, from 1: what people are told. */
  readonly line: number
  /** Grows from record to record: a later reading may begin behind it. */
  readonly position: number
  /** Values by column: only own properties count. */
  readonly values: Readonly<Record<string, unknown>>
}

/** A part of a file that is no record. */
export interface BadRecord {
  readonly line: number
  readonly position: number
  readonly reason: string
  /** As it stands in the file. */
  readonly text: string
}

/** A file of records that is open for reading. */
export interface RecordSource {
  /** What `line` counts. */
  readonly unit: 'line' | 'row'
  /** Whether values are text, to which fields give a type. */
  readonly text: boolean
  /** Bytes or rows that there are, in the units of `done`; 0 where nobody knows. */
  readonly total: number
  /** Columns that are vectors, where the format says so. */
  readonly vectorColumns: readonly string[]
  /** What was read so far. */
  done(): number
  /** The records behind a position, once. @throws OmenError `io`, `corrupt_dataset` */
  read(after: number): AsyncGenerator<SourceRecord | BadRecord, void, undefined>
  close(): Promise<void>
}

/** Where rows are written to, one after another. */
export interface RowWriter {
  /** @param row as `scan` gives it: not kept */
  write(row: Readonly<Record<string, unknown>>): Promise<void>
  /** Completes what was begun. */
  close(): Promise<void>
}
