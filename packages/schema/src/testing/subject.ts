import type { JsonValue } from '@omen/core'
import { expect, test } from 'vitest'
import type { Collection } from '../database/collection.ts'
import type { Database } from '../database/database.ts'
import {
  boolean,
  date,
  integer,
  json,
  keyword,
  number,
  type TraitsOf,
  text,
  vector,
} from '../schema/builders.ts'
import type { PayloadField, PayloadKind, VectorField } from '../schema/field.ts'
import type { InputRow } from '../schema/infer.ts'

/** What an implementation may do otherwise than the suite expects, each with the reason why. */
export type DatabaseException =
  /** A watch that says no version may begin a moment after it was asked for. */
  | 'watch from now on'
  /** Collections are not called `.` or `..`. */
  | 'names of dots'
  /** A component of a vector that is minus zero may come back as zero. */
  | 'the sign of zero'
  /** A copy is made where somebody else decided. */
  | 'backup into any directory'

/** An implementation of `Database`. */
export interface DatabaseSubject {
  /** Makes an empty database, whose end is the caller's matter. */
  open(): Promise<OpenSubject>
  readonly exceptions?: Partial<Readonly<Record<DatabaseException, string>>>
}

export interface OpenSubject {
  readonly db: Database
  /** Called when the test is over, and `db` closed. */
  end(): Promise<void>
}

/** Defines a test of a fresh database. */
export type TestOf = (name: string, run: (db: Database) => Promise<void>) => void

/** What defines tests, each with a database of its own. */
export function testsOf(subject: DatabaseSubject): TestOf {
  return (name, run) =>
    test(name, async () => {
      const { db, end } = await subject.open()
      try {
        await run(db)
      } finally {
        await db.close()
        await end()
      }
    })
}

type Stored<Kind extends PayloadKind, Value, Options = object> = PayloadField<
  Kind,
  TraitsOf<Value, Value, Options, false>
>
type Indexed<Kind extends PayloadKind, Value, Options = object> = PayloadField<
  Kind,
  TraitsOf<Value, Value, Options, true>
>
type Dates<Options> = PayloadField<'date', TraitsOf<Date | string | number, Date, Options, true>>
interface Optional {
  readonly optional: true
}
interface OptionalMany extends Optional {
  readonly many: true
}

export type Fields = {
  readonly title: Stored<'text', string>
  readonly lang: Indexed<'keyword', string>
  readonly tags: Indexed<'keyword', string, OptionalMany>
  readonly source: Stored<'keyword', string, Optional>
  readonly year: Indexed<'integer', number, Optional>
  readonly price: Indexed<'number', number, Optional>
  readonly open: Indexed<'boolean', boolean, Optional>
  readonly since: Dates<Optional>
  readonly days: Dates<OptionalMany>
  readonly more: Stored<'json', JsonValue, Optional>
  readonly near: VectorField<false>
  readonly image: VectorField<true>
}

/** A field of every kind, one value and many, needed and optional. */
export const FIELDS: Fields = {
  title: text(),
  lang: keyword(),
  tags: keyword({ many: true, optional: true }),
  source: keyword({ index: false, optional: true }),
  year: integer({ optional: true }),
  price: number({ optional: true }),
  open: boolean({ optional: true }),
  since: date({ optional: true }),
  days: date({ many: true, optional: true }),
  more: json({ optional: true }),
  near: vector(3, { metric: 'l2', quantizer: 'none' }),
  image: vector(2, { metric: 'cosine', optional: true }),
}
export type Rows = Collection<Fields>

/** Rows on a line: row i lies at distance i² from the origin. */
export function lineOf(count: number, from = 0): InputRow<Fields>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `r${from + i}`,
    title: `Row ${from + i}`,
    lang: (from + i) % 2 === 0 ? 'en' : 'de',
    year: 2000 + from + i,
    near: [from + i, 0, 0],
  }))
}

/** A collection of the rows r0 to r(count − 1). */
export async function linedUp(db: Database, count: number): Promise<Rows> {
  const rows = await db.collection('rows', FIELDS)
  await rows.upsert(lineOf(count))
  return rows
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id)

/** Expects a call to be refused with a code, whatever it looks like to the compiler. */
export async function expectRefusal(
  call: () => Promise<unknown>,
  code: string,
  message?: RegExp,
): Promise<void> {
  const words = message ? { message: expect.stringMatching(message) } : {}
  await expect(call()).rejects.toMatchObject({ name: 'OmenError', code, ...words })
}
