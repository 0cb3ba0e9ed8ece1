import { randomUUID } from 'node:crypto'
import { type Log, OmenError, type StorageBackend, Turns } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import { Catalog } from './catalog.ts'
import { type Change, decodeChange, decodeChangeHead } from './change.ts'
import type { CollectionState } from './collection-state.ts'
import { readLive } from './deletions.ts'
import {
  CURRENT,
  emptyManifest,
  encodeCurrent,
  encodeManifest,
  type Manifest,
  manifestName,
  manifestNumber,
  type StoredCollection,
  type StoredSegment,
} from './manifest.ts'
import type { EngineHooks } from './points.ts'
import type { SegmentMaker } from './segment-maker.ts'
import { SealedState } from './segment-state.ts'

/**
 * Makes an empty database in a folder that has none.
 *
 * @throws OmenError `corrupt_database` where a database has lost its `CURRENT`; `disk_full`, `io`
 */
export async function createDatabase(storage: StorageBackend, hooks: EngineHooks): Promise<Manifest> {
  const first = manifestName(1)
  const files = (await storage.list()).map(({ name }) => name)
  const lost = files.find((name) => name.startsWith('log-') || /^s\d+\./.test(name) || isLaterManifest(name))
  if (lost) {
    throw new OmenError('corrupt_database', `there is ${lost} and no ${CURRENT} that says what it belongs to`)
  }
  // Somebody began to create it and did not come to the end: nothing was written to it yet.
  await storage.remove(first)
  const manifest = emptyManifest(1, randomUUID())
  hooks.point?.('create:before-manifest')
  await storage.writeOnce(first, [await encodeManifest(manifest)])
  await storage.replace(CURRENT, await encodeCurrent(first))
  hooks.point?.('create:done')
  return manifest
}

function isLaterManifest(name: string): boolean {
  return (manifestNumber(name) ?? 1) > 1
}

/**
 * Opens all collections as the manifest says.
 *
 * @throws OmenError as `openSegment` and for deletions `corrupt_index`
 */
export async function openCatalog(
  storage: StorageBackend,
  maker: SegmentMaker,
  manifest: Manifest,
): Promise<Catalog> {
  const collections = await openAll(
    manifest.collections,
    (stored) => openCollection(storage, maker, stored),
    (collection) => collection.drop(),
  )
  return new Catalog(collections, manifest.nextCollection, (stored) => maker.collection(stored))
}

/**
 * Opens the segments of a collection, and the deletions as the manifest says.
 *
 * @throws OmenError `corrupt_segment`, `corrupt_index`, `not_found`, `unknown_quantizer`, `io`
 */
async function openCollection(
  storage: StorageBackend,
  maker: SegmentMaker,
  stored: StoredCollection,
): Promise<CollectionState> {
  const schema = maker.schemaOf(stored)
  const segments = await openAll(
    stored.segments,
    (each) => openSealed(storage, maker, schema, each),
    ({ segment }) => segment.release(),
  )
  return maker.collection(stored, segments)
}

/** Opens all side by side. When one cannot be opened, the others are closed again. @throws the first error in their order */
async function openAll<Stored, Opened>(
  stored: readonly Stored[],
  open: (each: Stored) => Promise<Opened>,
  close: (opened: Opened) => void,
): Promise<Opened[]> {
  const results = await Promise.allSettled(stored.map(open))
  const opened = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = results.find((each) => each.status === 'rejected')
  if (!failed) return opened
  for (const each of opened) close(each)
  throw failed.reason
}

/** Opens one segment, and reads which of its rows there are. */
async function openSealed(
  storage: StorageBackend,
  maker: SegmentMaker,
  schema: CheckedSchema,
  stored: StoredSegment,
): Promise<SealedState> {
  const segment = await maker.open(schema, stored.files)
  try {
    const { files, deletions } = stored
    const live = deletions ? await readLive(storage, files.id, segment.rows, deletions) : undefined
    return new SealedState(segment, live, deletions)
  } catch (error) {
    segment.release()
    throw error
  }
}

/** Checks that the log has every record that the manifest counts on. */
export function checkLog(
  log: Pick<Log, 'firstSequence' | 'nextSequence'>,
  manifest: Manifest,
  from: number,
): void {
  if (log.firstSequence > from || log.nextSequence <= manifest.sequence) {
    throw new OmenError(
      'corrupt_database',
      `the log has records ${log.firstSequence} to before ${log.nextSequence}, and ${manifestName(manifest.number)} ` +
        `needs those from ${from} to ${manifest.sequence}`,
    )
  }
}

/** Makes the changes of the log that the manifest does not know of yet. */
export async function replay(
  log: Pick<Log, 'read'>,
  from: number,
  catalog: Catalog,
  known: number,
  apply: (change: Change | undefined, sequence: number, bytes: number) => Promise<void> | undefined,
  hooks: EngineHooks,
): Promise<void> {
  const turns = new Turns()
  for await (const { sequence, bytes } of log.read(from)) {
    await apply(changeToReplay(bytes, sequence, catalog, known), sequence, bytes.length)
    hooks.point?.('open:record-replayed')
    if (turns.due) await turns.take()
  }
}

/** A record's change, unless the manifest knows of it: `known` is the last record whose collections it names. */
function changeToReplay(
  bytes: Uint8Array,
  sequence: number,
  catalog: Catalog,
  known: number,
): Change | undefined {
  const { kind, collection } = decodeChangeHead(bytes)
  if (kind === 'create' || kind === 'drop') return sequence > known ? decodeChange(bytes) : undefined
  const state = catalog.byId(collection)
  // A collection that is not there was dropped before the manifest was written.
  if (!state || sequence < state.stored.from) return undefined
  return decodeChange(bytes, state.schema)
}
