import type { Log, StorageBackend } from '@omen/core'
import { type Collection, type Database, keyword, type Reader, type WriteOptions } from '@omen/schema'
import { openFileLog } from '@omen/storage-mmap'
import { EmbeddedDatabase } from '../database.ts'
import { Engine } from '../engine/engine.ts'
import { type Limits, limitsOf } from '../engine/limits.ts'
import type { EngineHooks } from '../engine/points.ts'
import type { Model, Op, Row, SubjectSchema, Where } from './subject.ts'
import { subjectSchema, textOf } from './subject.ts'

/** How the database of a proof is opened. */
export interface Opening {
  readonly index?: 'flat' | 'hnsw'
  readonly hooks?: EngineHooks
  readonly limits?: Partial<Limits>
  /** Stands between the engine and its log: where bugs are planted. */
  readonly wrapLog?: (log: Log) => Log
}

const NAME = 'subject'
const OTHER = 'other'

/** Small enough that a hundred writes fill segments, and log files, several times. */
const LIMITS: Limits = { ...limitsOf({ threads: 1 }), sealRows: 12 }
const LOG_FILE_BYTES = 1024

/** A database over any storage, with segments and log files of a few hundred bytes, and nothing set aside for a full disk. */
export class SubjectDatabase {
  readonly engine: Engine
  readonly database: Database
  readonly #index: 'flat' | 'hnsw'
  #collection: Promise<Collection<SubjectSchema>> | undefined

  private constructor(engine: Engine, index: 'flat' | 'hnsw') {
    this.engine = engine
    this.database = new EmbeddedDatabase(engine, 'synced')
    this.#index = index
  }

  static async open(storage: StorageBackend, opening: Opening = {}): Promise<SubjectDatabase> {
    const { index = 'flat', hooks = { background: false }, limits, wrapLog = (log) => log } = opening
    const engine = await Engine.open(
      {
        storage,
        openLog: async ({ database, ...origin }) =>
          wrapLog(
            await openFileLog(storage, {
              databaseId: database,
              ...origin,
              fileBytes: LOG_FILE_BYTES,
              reserveBytes: 0,
            }),
          ),
        closing: () => storage.close(),
        onDamage: () => undefined,
        quantizers: [],
        limits: { ...LIMITS, ...limits },
      },
      hooks,
    )
    return new SubjectDatabase(engine, index)
  }

  /** The collection; it is created where there is none. */
  collection(): Promise<Collection<SubjectSchema>> {
    this.#collection ??= this.database.collection(NAME, subjectSchema(this.#index))
    return this.#collection
  }

  /** Lets another collection come beside it, change its schema, and go. */
  async otherComesAndGoes(mark: number): Promise<void> {
    const schema = { ...subjectSchema(this.#index), kind: keyword({ index: mark % 2 === 0 }) }
    const other = await this.database.collection(OTHER, schema)
    await other.upsert([{ id: `other-${mark}`, kind: 'a', at: [mark, mark] }])
    if (mark % 3 > 0) await this.database.drop(OTHER)
  }

  /** Whether the collection was created. */
  async created(): Promise<boolean> {
    return (await this.database.collections()).some(({ name }) => name === NAME)
  }

  /** Does all the background work that there is. */
  work(): Promise<void> {
    return this.engine.maintenance.runAll()
  }

  close(): Promise<void> {
    return this.database.close()
  }
}

/** Makes a change; updating a row that is not there is no failure. */
export async function perform(
  collection: Collection<SubjectSchema>,
  op: Op,
  options: WriteOptions = {},
): Promise<void> {
  switch (op.kind) {
    case 'upsert':
      await collection.upsert(op.rows, options)
      return
    case 'update':
      if (await collection.has(op.id)) await collection.update([{ id: op.id, size: op.size }], options)
      return
    case 'delete':
      await collection.delete({ ids: op.ids }, options)
      return
    case 'delete where':
      await collection.delete({ where: op.where.filter }, options)
      return
    case 'replace':
      await collection.replace({ where: op.where.filter, rows: op.rows }, options)
  }
}

/** Every row of a collection, as the model holds rows. */
export async function rowsOf(collection: Reader<SubjectSchema>): Promise<Row[]> {
  const rows: Row[] = []
  for await (const row of collection.scan({ select: ['kind', 'size', 'tags', 'at', 'other'] })) {
    rows.push({ ...row, at: [...row.at], ...(row.other && { other: [...row.other] }) } as Row)
  }
  return rows
}

/** Checks that a collection has just the rows of a model, each once, by every way of asking. */
export async function expectRows(
  collection: Reader<SubjectSchema>,
  model: Model,
  ids: number,
): Promise<void> {
  const found = textOf(await rowsOf(collection))
  const expected = textOf(model.values())
  if (found !== expected) throw new Error(`the rows are\n${found}\nand should be\n${expected}`)
  const count = await collection.count()
  if (count !== model.size) throw new Error(`it counts ${count} rows, there are ${model.size}`)
  for (let i = 0; i < ids; i++) {
    const id = `id-${i}`
    const there = await collection.has(id)
    if (there !== model.has(id)) throw new Error(`it ${there ? 'has' : 'lacks'} ${id}`)
  }
}

/** Checks that a filtered search gives what comparing every row gives, in both vector fields. */
export async function expectSearch(
  collection: Reader<SubjectSchema>,
  rows: Iterable<Row>,
  where: Where | undefined,
  query: readonly number[],
  limit: number,
): Promise<void> {
  const kept = [...rows].filter((row) => where?.matches(row) ?? true)
  const filter = where ? { where: where.filter } : {}
  const count = await collection.count(where?.filter)
  if (count !== kept.length)
    throw new Error(`${count} rows match ${show(where)}, it should be ${kept.length}`)
  const third = [...query, query[0] ?? 0]
  const at = await collection.search({ vector: { at: query }, limit, ...filter })
  expectHits(at.hits, kept, (row) => distance(row.at, query), limit, where)
  const others = kept.filter(({ other }) => other !== undefined)
  const other = await collection.search({ vector: { other: third }, limit, ...filter })
  expectHits(other.hits, others, (row) => distance(row.other ?? [], third), limit, where)
}

function expectHits(
  hits: readonly { readonly id: string; readonly distance: number }[],
  rows: readonly Row[],
  distanceOf: (row: Row) => number,
  limit: number,
  where: Where | undefined,
): void {
  const byId = new Map(rows.map((row) => [row.id, distanceOf(row)]))
  const expected = [...byId.values()].sort((a, b) => a - b).slice(0, limit)
  const found = hits.map((hit) => hit.distance)
  const honest = hits.every(({ id, distance }) => byId.get(id) === distance)
  const unique = new Set(hits.map(({ id }) => id)).size === hits.length
  if (honest && unique && found.join() === expected.join()) return
  throw new Error(
    `a search where ${show(where)} found ${JSON.stringify(hits)}, the distances should be ${expected.join()}`,
  )
}

function show(where: Where | undefined): string {
  return JSON.stringify(where?.filter ?? {})
}

/** The squared distance: of whole numbers, so that every way of adding up gives the same. */
function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + (x - (b[i] ?? 0)) ** 2, 0)
}
