import { OmenError, throwIfAborted } from '@omen/core'
import type { Durability } from '@omen/schema'
import type { CheckedFilter, CheckedSchema } from '@omen/schema/check'
import { matching, rowNumbers } from '../read/matching.ts'
import { changedBlock, checkChanges, type StoredRow } from '../rows/change.ts'
import { type RowBlock, rowBlock } from '../rows/row-block.ts'
import type { Change } from './change.ts'
import type { CollectionState } from './collection-state.ts'
import type { Applied } from './commits.ts'
import type { Engine } from './engine.ts'
import type { View } from './view.ts'

/** How a change is made. */
export interface CheckedWrite {
  readonly durability: Durability
  readonly signal: AbortSignal | undefined
  /** Versions that rows must have; 0 for a row that must not be there. */
  readonly ifVersion: ((id: string) => number | undefined) | undefined
}

/** Makes the changes of one collection. What must read before it writes does so alone. */
export class Writer {
  readonly #engine: Engine
  readonly #collection: CollectionState
  /** The collection's schema with the validators, which no file holds. */
  readonly #schema: CheckedSchema
  /** The collection's schema when this was made. */
  readonly #stored: CheckedSchema

  constructor(engine: Engine, collection: CollectionState, schema: CheckedSchema) {
    this.#engine = engine
    this.#collection = collection
    this.#schema = schema
    this.#stored = collection.schema
  }

  /** Writes rows in place of those with the same ids. */
  async upsert(rows: readonly unknown[], write: CheckedWrite): Promise<Applied> {
    const block = this.#block(rows)
    if (write.ifVersion) {
      return await this.#alone(write, block.ids.length, async (view) => {
        checkVersions(view, block.ids, write)
        return this.#upsertOf(block)
      })
    }
    const { gate } = this.#collection
    return await gate.arrive(
      () => this.#admit(write, block.ids.length),
      () => gate.pass(() => this.#commit(this.#upsertOf(block), write)),
    )
  }

  #block(rows: readonly unknown[]): RowBlock {
    const block = rowBlock(this.#schema, rows, this.#engine.now())
    if (block.ids.length === 0) throw noRows('rows')
    return block
  }

  #upsertOf(block: RowBlock): Change {
    return { kind: 'upsert', collection: this.#collection.id, block }
  }

  #deleteOf(ids: readonly string[]): Change {
    return { kind: 'delete', collection: this.#collection.id, ids }
  }

  /** Changes some fields of rows. */
  async update(changes: readonly unknown[], write: CheckedWrite): Promise<Applied> {
    const checked = checkChanges(this.#schema, changes, this.#engine.now())
    if (checked.length === 0) throw noRows('changes')
    return await this.#alone(write, checked.length, async (view) => {
      checkVersions(
        view,
        checked.map(({ id }) => id),
        write,
      )
      const rows = checked.map(({ id }) => storedRow(view, id))
      return this.#upsertOf(changedBlock(this.#schema, checked, rows))
    })
  }

  /** Deletes rows by their ids; ids that are not there do no harm. */
  async delete(ids: readonly string[], write: CheckedWrite): Promise<Applied> {
    if (write.ifVersion) {
      return await this.#alone(write, 0, async (view) => {
        checkVersions(view, ids, write)
        return this.#deleteOf(ids)
      })
    }
    const { gate } = this.#collection
    return await gate.arrive(
      // It takes no room, so it waits for none.
      async () => throwIfAborted(write.signal),
      () => gate.pass(() => this.#commit(this.#deleteOf(ids), write)),
    )
  }

  /** Deletes the rows that match at this moment. */
  async deleteWhere(where: CheckedFilter, write: CheckedWrite): Promise<Applied> {
    return await this.#alone(write, 0, async (view) => {
      const ids = await idsOf(view, where)
      checkVersions(view, ids, write)
      return this.#deleteOf(ids)
    })
  }

  /** Puts rows in place of those that match, as one change. */
  async replace(where: CheckedFilter, rows: readonly unknown[], write: CheckedWrite): Promise<Applied> {
    const block = this.#block(rows)
    return await this.#alone(write, block.ids.length, async (view) => {
      const ids = await idsOf(view, where)
      checkVersions(view, [...ids, ...block.ids], write)
      return { kind: 'replace', collection: this.#collection.id, ids, block }
    })
  }

  async #admit({ signal }: CheckedWrite, rows: number): Promise<void> {
    this.#engine.checkOpen()
    throwIfAborted(signal)
    await this.#engine.maintenance.admit(this.#collection, rows, signal)
    throwIfAborted(signal)
  }

  /** Reads what is there, when everything before has been made, and writes before anything else can. */
  async #alone(
    write: CheckedWrite,
    rows: number,
    read: (view: View) => Promise<Change | undefined>,
  ): Promise<Applied> {
    const { commits } = this.#engine.parts
    const { gate } = this.#collection
    return await gate.arrive(
      () => this.#admit(write, rows),
      () =>
        gate.alone(
          () => commits.settled(),
          () => this.#read(write, read),
        ),
    )
  }

  /** @returns what writes the change that follows from what is there now */
  async #read(
    write: CheckedWrite,
    read: (view: View) => Promise<Change | undefined>,
  ): Promise<() => Promise<Applied>> {
    throwIfAborted(write.signal)
    const view = this.#engine.view(this.#collection).retain()
    try {
      const change = await read(view)
      if (!change || isNothing(change)) {
        return () => Promise.resolve({ sequence: view.sequence, written: 0, removed: 0 })
      }
      return () => this.#commit(change, write)
    } finally {
      view.release()
    }
  }

  async #commit(change: Change, write: CheckedWrite): Promise<Applied> {
    if (this.#collection.schema !== this.#stored) {
      throw new OmenError(
        'invalid_argument',
        'the schema of the collection was changed meanwhile: get the collection again with the new one',
      )
    }
    return await this.#engine.commit(this.#collection, change, write.durability)
  }
}

function isNothing(change: Change): boolean {
  return change.kind === 'delete' && change.ids.length === 0
}

function noRows(what: string): OmenError {
  return new OmenError('invalid_argument', `there are no ${what} to write: the array is empty`)
}

/** The ids of the rows that match. */
async function idsOf(view: View, where: CheckedFilter): Promise<string[]> {
  const ids: string[] = []
  for await (const matches of matching(view, where)) {
    for (const row of rowNumbers(matches)) ids.push(matches.segment.segment.idOf(row))
  }
  return ids
}

/** @throws OmenError `not_found` */
function storedRow(view: View, id: string): StoredRow {
  const found = view.find(id)
  if (!found) {
    throw new OmenError('not_found', `there is no row ${JSON.stringify(id)} to update: upsert makes new rows`)
  }
  const { row } = found
  const { segment } = found.segment
  return {
    payload: segment.payload.payload(row),
    vector: (field) => segment.vector(field, row),
    expiresAt: segment.expiresAt(row),
  }
}

/** @throws OmenError `conflict` naming the first row that has another version */
function checkVersions(view: View, ids: readonly string[], { ifVersion }: CheckedWrite): void {
  if (!ifVersion) return
  for (const id of ids) {
    const expected = ifVersion(id)
    if (expected === undefined) continue
    const version = versionIn(view, id)
    if (version === expected) continue
    throw new OmenError(
      'conflict',
      `row ${JSON.stringify(id)} has version ${version}, not ${expected}: read it again, and decide anew`,
    )
  }
}

/** The version of a row: the record that wrote it; 0 for one that is not there. */
export function versionIn(view: View, id: string): number {
  const found = view.find(id)
  return found ? found.segment.segment.versionOf(found.row) : 0
}
