import type { CollectionInfo, Schema } from '@omen/client'
import { getRows, type Row, scanRows } from '../../api/rows.ts'

/** Rows that are to be drawn: their vectors, and the values that they can be coloured by. */
export interface Points {
  readonly ids: readonly string[]
  /** Row after row. */
  readonly vectors: Float32Array
  readonly dimension: number
  /** Values by field, in the order of the ids. */
  readonly columns: ReadonlyMap<string, readonly unknown[]>
}

export interface Wanted {
  readonly field: string
  /** Rows at most: chosen at random where there are more. */
  readonly sample: number
  /** A row that is to be among them. */
  readonly row?: string | undefined
}

/** Rows that are asked for at once. */
const BATCH = 1000
/** Above this share of the rows it is quicker to read all and to pass over some. */
const SCAN_SHARE = 0.25

/** Fields that points can be coloured by: one value a row, of which there may be few. */
export function colourFields(schema: Schema): string[] {
  const kinds: readonly string[] = ['keyword', 'integer', 'number', 'boolean', 'date']
  return Object.entries(schema)
    .filter(([, field]) => field.kind !== 'vector' && kinds.includes(field.kind))
    .map(([name]) => name)
}

/** Loads a random sample of the rows that have a vector. */
export async function loadPoints(
  { name, schema, rows }: CollectionInfo,
  { field, sample, row }: Wanted,
  onLoaded: (rows: number) => void,
  stop: AbortSignal,
): Promise<Points> {
  const declared = schema[field]
  const dimension = declared?.kind === 'vector' ? declared.dimension : 0
  const select = [field, ...colourFields(schema)]
  const gathered = new Gathered(field, dimension, colourFields(schema), Math.min(sample, rows) + 1)
  const take = (each: Row): void => {
    gathered.add(each)
    if (gathered.size % BATCH === 0) onLoaded(gathered.size)
  }
  const all = sample >= rows
  if (all || sample > rows * SCAN_SHARE) {
    let left = rows
    for await (const each of scanRows(name, select, stop)) {
      if (gathered.size >= sample) break
      // Selection sampling (Knuth, volume 2, 3.4.2, algorithm S): each row with the same chance, in one pass.
      const chosen = all || each.id === row || Math.random() * left < sample - gathered.size
      left--
      if (chosen) take(each)
    }
  } else {
    const ids = await randomIds(name, sample, row, stop)
    for (let at = 0; at < ids.length; at += BATCH) {
      for (const each of await getRows(name, ids.slice(at, at + BATCH), select)) take(each)
      stop.throwIfAborted()
    }
  }
  return gathered.points()
}

async function randomIds(
  name: string,
  sample: number,
  row: string | undefined,
  stop: AbortSignal,
): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of scanRows(name, [], stop)) ids.push(id)
  // The beginning of a random permutation (Knuth, volume 2, 3.4.2, algorithm P).
  for (let at = 0; at < Math.min(sample, ids.length); at++) {
    const other = at + Math.floor(Math.random() * (ids.length - at))
    const moved = ids[at] as string
    ids[at] = ids[other] as string
    ids[other] = moved
  }
  const chosen = ids.slice(0, sample)
  return row === undefined || chosen.includes(row) ? chosen : [row, ...chosen.slice(1)]
}

/** Rows as they come, brought into columns. */
class Gathered {
  readonly #ids: string[] = []
  readonly #field: string
  readonly #dimension: number
  readonly #columns: ReadonlyMap<string, unknown[]>
  readonly #vectors: Float32Array

  constructor(field: string, dimension: number, columns: readonly string[], capacity: number) {
    this.#field = field
    this.#dimension = dimension
    this.#columns = new Map(columns.map((name) => [name, []]))
    this.#vectors = new Float32Array(capacity * dimension)
  }

  get size(): number {
    return this.#ids.length
  }

  add(row: Row): void {
    const vector = row[this.#field]
    // Rows without a vector have no place; a row that was written meanwhile may be one too many.
    if (!(vector instanceof Float32Array) || (this.size + 1) * this.#dimension > this.#vectors.length) return
    this.#vectors.set(vector, this.size * this.#dimension)
    this.#ids.push(row.id)
    for (const [name, values] of this.#columns) values.push(row[name])
  }

  points(): Points {
    const vectors = this.#vectors.subarray(0, this.size * this.#dimension)
    return { ids: this.#ids, vectors, dimension: this.#dimension, columns: this.#columns }
  }
}
