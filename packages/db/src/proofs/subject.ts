import { type Filter, integer, keyword, type VectorField, vector } from '@omen/schema'

type Optional = { readonly optional: true }

/** The fields of the collection that the proofs write to: of every shape that matters to storage. */
export type SubjectSchema = {
  readonly kind: ReturnType<typeof keyword<Record<never, never>>>
  readonly size: ReturnType<typeof integer<Optional>>
  readonly tags: ReturnType<typeof keyword<Optional & { readonly many: true }>>
  readonly at: VectorField<false>
  readonly other: VectorField<true>
}

/** @param index of the optional vectors; those that every row has are compared one by one */
export function subjectSchema(index: 'flat' | 'hnsw'): SubjectSchema {
  return {
    kind: keyword(),
    size: integer({ optional: true }),
    tags: keyword({ optional: true, many: true }),
    at: vector(2, { metric: 'l2', index: 'flat' }),
    other: vector(3, { metric: 'l2', index, quantizer: 'none', optional: true }),
  }
}

/** A row as the model holds it; absent fields are left out. */
export interface Row {
  readonly id: string
  readonly kind: string
  readonly size?: number
  readonly tags?: readonly string[]
  readonly at: readonly number[]
  readonly other?: readonly number[]
}

/** A filter, and what it means, said a second time and plainly. */
export interface Where {
  readonly filter: Filter<SubjectSchema>
  readonly matches: (row: Row) => boolean
}

/** A change of the rows. */
export type Op =
  | { readonly kind: 'upsert'; readonly rows: readonly Row[] }
  | { readonly kind: 'update'; readonly id: string; readonly size: number }
  | { readonly kind: 'delete'; readonly ids: readonly string[] }
  | { readonly kind: 'delete where'; readonly where: Where }
  | { readonly kind: 'replace'; readonly where: Where; readonly rows: readonly Row[] }

/** The rows by id: what a database is compared with. */
export type Model = ReadonlyMap<string, Row>

/** The rows after a change. */
export function after(model: Model, op: Op): Model {
  const next = new Map(model)
  switch (op.kind) {
    case 'upsert':
      for (const row of op.rows) next.set(row.id, row)
      return next
    case 'update': {
      const row = next.get(op.id)
      // Updating a row that is not there is refused, and changes nothing.
      if (row) next.set(op.id, { ...row, size: op.size })
      return next
    }
    case 'delete':
      for (const id of op.ids) next.delete(id)
      return next
    case 'delete where':
    case 'replace':
      for (const row of model.values()) if (op.where.matches(row)) next.delete(row.id)
      if (op.kind === 'replace') for (const row of op.rows) next.set(row.id, row)
      return next
  }
}

/** All rows as one text: the same for the same rows, in whatever order they come. */
export function textOf(rows: Iterable<Row>): string {
  const lines = [...rows].map(({ id, kind, size, tags, at, other }) =>
    JSON.stringify([id, kind, size ?? null, tags ?? null, [...at], other ? [...other] : null]),
  )
  return lines.sort().join('\n')
}

const KINDS = ['a', 'b', 'c']
const TAGS = ['x', 'y', 'z']

/** Makes rows, changes and filters out of random numbers. */
export class Choices {
  readonly #random: () => number
  readonly #ids: number

  /** @param ids how many there are: few, so that most writes meet a row that is there */
  constructor(random: () => number, ids: number) {
    this.#random = random
    this.#ids = ids
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.#random() * count)
  }

  #of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  id(): string {
    return `id-${this.below(this.#ids)}`
  }

  #someIds(count: number): string[] {
    return [...new Set(Array.from({ length: count }, () => this.id()))]
  }

  /** @param mark put into the rows, so that no two batches are alike */
  rows(count: number, mark: number): Row[] {
    return this.#someIds(count).map((id) => ({
      id,
      kind: this.#of(KINDS),
      ...(this.below(4) > 0 && { size: mark }),
      ...(this.below(3) === 0 && { tags: TAGS.slice(0, 1 + this.below(TAGS.length)) }),
      at: [this.below(16), this.below(16)],
      ...(this.below(2) === 0 && { other: [this.below(8), this.below(8), this.below(8)] }),
    }))
  }

  where(mark: number): Where {
    const kind = this.#of(KINDS)
    const tag = this.#of(TAGS)
    const least = mark - this.below(12)
    return this.#of<Where>([
      { filter: { kind }, matches: (row) => row.kind === kind },
      { filter: { size: { $gte: least } }, matches: ({ size }) => size !== undefined && size >= least },
      { filter: { size: { $exists: false } }, matches: ({ size }) => size === undefined },
      {
        filter: { $or: [{ tags: tag }, { kind, size: { $lt: least } }] },
        matches: (row) =>
          row.tags?.includes(tag) === true ||
          (row.kind === kind && row.size !== undefined && row.size < least),
      },
      { filter: { $not: { kind: { $in: [kind] } } }, matches: (row) => row.kind !== kind },
    ])
  }

  op(mark: number): Op {
    const choice = this.below(20)
    if (choice < 11) return { kind: 'upsert', rows: this.rows(1 + this.below(4), mark) }
    if (choice < 14) return { kind: 'delete', ids: this.#someIds(1 + this.below(3)) }
    if (choice < 16) return { kind: 'update', id: this.id(), size: mark }
    if (choice < 17) return { kind: 'delete where', where: this.where(mark) }
    return { kind: 'replace', where: this.where(mark), rows: this.rows(1 + this.below(3), mark) }
  }

  query(): number[] {
    return [this.below(16), this.below(16)]
  }
}
