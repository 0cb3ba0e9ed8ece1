import { OmenError, throwIfAborted } from '@omen/core'
import type { CollectionChange, OutputRow, Schema, WatchOptions } from '@omen/schema'
import { checkOptionNames, describe, signalOf } from '@omen/schema/check'
import { type Change, decodeChange, decodeChangeHead } from './engine/change.ts'
import type { CollectionState } from './engine/collection-state.ts'
import type { Engine } from './engine/engine.ts'
import { Projection } from './read/projection.ts'
import type { RowBlock } from './rows/row-block.ts'

/**
 * Follows the changes of a collection, from the log.
 *
 * @throws OmenError `position_gone` when the log does not reach back so far, `invalid_argument`, `unknown_field`, `not_found`
 * when the collection is dropped, `aborted`, `closed`
 */
export async function* watch<S extends Schema, K extends keyof S & string>(
  engine: Engine,
  collection: CollectionState,
  options: WatchOptions<K>,
): AsyncGenerator<CollectionChange<S, K>, void, undefined> {
  checkOptionNames('watch', options, ['after', 'select', 'signal', 'timeoutMs'])
  const signal = signalOf(options)
  const { commits } = engine.parts
  const { schema } = engine.view(collection)
  const projection = new Projection(schema, options.select)
  let next = checkAfter(options.after, commits.applied) + 1
  for (;;) {
    throwIfAborted(signal)
    // Says so when the database was closed or the collection dropped.
    if (engine.view(collection).schema !== schema) throw gone(next)
    for await (const [change, sequence] of changesFrom(engine, collection, next)) {
      next = sequence + 1
      const shown = change && shownChange<S, K>(change, sequence, projection)
      if (shown) yield shown
      throwIfAborted(signal)
    }
    if (next > commits.applied) await engine.changed(signal)
  }
}

/** The changes of a collection from a record on, as far as they were made; undefined for those of others. */
async function* changesFrom(
  engine: Engine,
  collection: CollectionState,
  from: number,
): AsyncGenerator<[Change | undefined, number], void, undefined> {
  const { commits, log } = engine.parts
  if (from > commits.applied) return
  if (from < log.firstSequence || from <= collection.stored.schemaSince) throw gone(from)
  try {
    for await (const { sequence, bytes } of log.read(from)) {
      if (sequence > commits.applied) return
      const mine = decodeChangeHead(bytes).collection === collection.id
      yield [mine ? decodeChange(bytes, collection.schema) : undefined, sequence]
    }
  } catch (cause) {
    if (cause instanceof OmenError && cause.code === 'out_of_range') throw gone(from)
    throw cause
  }
}

function gone(sequence: number): OmenError {
  return new OmenError(
    'position_gone',
    `the changes from version ${sequence} on are not kept any more: read all rows, and watch from then on`,
  )
}

function checkAfter(after: number | undefined, applied: number): number {
  if (after === undefined) return applied
  if (Number.isSafeInteger(after) && after >= 0 && after <= applied) return after
  throw new OmenError(
    'invalid_argument',
    `after must be a version that the database has had, from 0 to ${applied}, got ${describe(after)}`,
  )
}

function shownChange<S extends Schema, K extends keyof S & string>(
  change: Change,
  version: number,
  projection: Projection,
): CollectionChange<S, K> | undefined {
  if (change.kind !== 'upsert' && change.kind !== 'delete' && change.kind !== 'replace') return undefined
  return {
    version,
    deleted: change.kind === 'upsert' ? [] : change.ids,
    written: change.kind === 'delete' ? [] : rowsOf<OutputRow<S, K>>(change.block, projection),
  }
}

/** The rows of a block as users read them: what a projection picks by name, the compiler cannot follow. */
function rowsOf<R>(block: RowBlock, projection: Projection): R[] {
  return block.ids.map((id, row) => {
    const output: Record<string, unknown> = { id }
    projection.addPayload(output, block.payloads[row] ?? {})
    projection.addVectors(output, block, row)
    return output as R
  })
}
