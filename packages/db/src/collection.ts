import { OmenError, throwIfAborted } from '@omen/core'
import type {
  Collection,
  CollectionChange,
  CollectionStats,
  Deletion,
  Durability,
  InputRow,
  OptimizeOptions,
  PayloadName,
  Replacement,
  RowChange,
  Schema,
  WatchOptions,
  WriteOptions,
  WriteResult,
} from '@omen/schema'
import {
  type CheckedSchema,
  checkFilter,
  checkId,
  checkOptionNames,
  checkSchema,
  DURABILITIES,
  describe,
  signalOf,
} from '@omen/schema/check'
import type { CollectionState } from './engine/collection-state.ts'
import type { Engine } from './engine/engine.ts'
import { type CheckedWrite, Writer } from './engine/writer.ts'
import { EmbeddedReader } from './reader.ts'
import { EmbeddedSnapshot } from './snapshot.ts'
import { collectionStats } from './stats.ts'
import { watch } from './watch.ts'

const WRITE_OPTIONS = ['durability', 'ifVersion', 'signal', 'timeoutMs']

/** A collection of a database that is open for writing. */
export class EmbeddedCollection<S extends Schema> extends EmbeddedReader<S> implements Collection<S> {
  readonly #engine: Engine
  readonly #state: CollectionState
  readonly #checked: CheckedSchema
  readonly #writer: Writer
  readonly #durability: Durability

  /** Collections are made by `Database.collection`. */
  constructor(engine: Engine, state: CollectionState, schema: S, durability: Durability) {
    super(state.name, schema, () => engine.view(state))
    this.#engine = engine
    this.#state = state
    this.#checked = checkSchema(schema)
    this.#writer = new Writer(engine, state, this.#checked)
    this.#durability = durability
  }

  async upsert(rows: readonly InputRow<S>[], options: WriteOptions = {}): Promise<WriteResult> {
    return resultOf(await this.#writer.upsert(rows, this.#check('upsert', options)))
  }

  async update(changes: readonly RowChange<S>[], options: WriteOptions = {}): Promise<WriteResult> {
    return resultOf(await this.#writer.update(changes, this.#check('update', options)))
  }

  async delete(rows: Deletion<S>, options: WriteOptions = {}): Promise<WriteResult> {
    const write = this.#check('delete', options)
    checkOptionNames('delete', rows, ['ids', 'where'])
    if ((rows.ids === undefined) === (rows.where === undefined)) {
      throw new OmenError('invalid_argument', 'delete takes { ids } or { where }')
    }
    if (rows.where !== undefined) {
      const where = checkFilter(this.#checked, rows.where)
      return resultOf(await this.#writer.deleteWhere(where, write))
    }
    const { ids } = rows
    if (!Array.isArray(ids)) throw new OmenError('invalid_argument', `ids is an array, got ${describe(ids)}`)
    return resultOf(await this.#writer.delete(ids.map(checkId), write))
  }

  async replace(replacement: Replacement<S>, options: WriteOptions = {}): Promise<WriteResult> {
    const write = this.#check('replace', options)
    checkOptionNames('replace', replacement, ['where', 'rows'])
    if (replacement.where === undefined) {
      throw new OmenError('invalid_argument', 'replace takes { where, rows }; { where: {} } means every row')
    }
    const where = checkFilter(this.#checked, replacement.where)
    return resultOf(await this.#writer.replace(where, replacement.rows, write))
  }

  async snapshot(): Promise<EmbeddedSnapshot<S>> {
    return new EmbeddedSnapshot(this.name, this.schema, this.#engine.view(this.#state))
  }

  watch<const K extends keyof S & string = PayloadName<S>>(
    options: WatchOptions<K> = {},
  ): AsyncGenerator<CollectionChange<S, K>, void, undefined> {
    return watch<S, K>(this.#engine, this.#state, options)
  }

  async optimize(options: OptimizeOptions = {}): Promise<void> {
    checkOptionNames('optimize', options, ['onProgress', 'signal', 'timeoutMs'])
    const signal = signalOf(options)
    throwIfAborted(signal)
    const { onProgress } = options
    await this.#engine.optimize(this.#state, { ...(signal && { signal }), ...(onProgress && { onProgress }) })
  }

  async stats(): Promise<CollectionStats> {
    this.#engine.view(this.#state)
    return collectionStats(this.#state)
  }

  #check(call: string, options: WriteOptions): CheckedWrite {
    checkOptionNames(call, options, WRITE_OPTIONS)
    const { durability = this.#durability, ifVersion } = options
    return {
      durability: checkDurability(durability),
      signal: signalOf(options),
      ifVersion: ifVersion === undefined ? undefined : versionsOf(ifVersion),
    }
  }
}

/** @throws OmenError `invalid_argument` */
export function checkDurability(durability: Durability): Durability {
  if (DURABILITIES.includes(durability)) return durability
  throw new OmenError(
    'invalid_argument',
    `durability is one of ${DURABILITIES.join(', ')}, got ${describe(durability)}`,
  )
}

function versionsOf(ifVersion: unknown): (id: string) => number | undefined {
  if (typeof ifVersion === 'number') return () => checkVersion(ifVersion)
  if (typeof ifVersion !== 'object' || ifVersion === null) {
    throw new OmenError(
      'invalid_argument',
      `ifVersion is a version, or an object of versions by id, got ${describe(ifVersion)}`,
    )
  }
  const versions = new Map(Object.entries(ifVersion).map(([id, version]) => [id, checkVersion(version)]))
  return (id) => versions.get(id)
}

function checkVersion(version: unknown): number {
  if (typeof version === 'number' && Number.isSafeInteger(version) && version >= 0) return version
  throw new OmenError('invalid_argument', `a version is a whole number from 0 on, got ${describe(version)}`)
}

function resultOf({ sequence, written, removed }: Awaited<ReturnType<Writer['upsert']>>): WriteResult {
  return { version: sequence, written, removed }
}
