import { OmenError, type StorageBackend } from '@omen/core'
import { logDatabaseId, verifyLog } from '@omen/storage-mmap'
import { readWhole } from '../engine/bytes.ts'
import {
  CURRENT,
  decodeManifest,
  emptyManifest,
  type Manifest,
  manifestName,
  manifestNumber,
} from '../engine/manifest.ts'
import { readManifest } from '../engine/manifest-store.ts'
import { damageOf } from './condition.ts'

/** The manifests that a repair may go by, the best first. */
export interface Candidates {
  readonly manifests: readonly Manifest[]
  /** Whether the first one is in force; else why the one in force cannot be read. */
  readonly inForce: boolean
  readonly damage: OmenError | undefined
  /** The largest number that a manifest has, be it readable or not. */
  readonly lastNumber: number
}

/**
 * Reads every manifest that there is. Where none can be read, and the log goes back to the beginning, it is the empty one: the
 * log has the rest.
 *
 * @throws OmenError `not_found` where there is no database; `corrupt_database` where nothing says what belongs to it;
 * `unsupported`, `io`
 */
export async function candidates(storage: StorageBackend): Promise<Candidates> {
  const files = (await storage.list()).map(({ name }) => name)
  let current: Manifest | undefined
  const damage = await damageOf(async () => {
    current = await readManifest(storage)
    if (!current) throw new OmenError('not_found', `there is no ${CURRENT}`)
  })
  const numbers = files.flatMap((name) => manifestNumber(name) ?? []).sort((a, b) => b - a)
  const manifests = current ? [current] : []
  for (const number of numbers) {
    const name = manifestName(number)
    // One that never came into force is no better than the one that did.
    if (current && number >= current.number) continue
    await damageOf(async () => manifests.push(await decodeManifest(await readWhole(storage, name), name)))
  }
  const [lastNumber = 0] = numbers
  if (manifests.length === 0) manifests.push(await fromLogAlone(storage, files, lastNumber))
  return { manifests, inForce: current !== undefined, damage, lastNumber }
}

async function fromLogAlone(
  storage: StorageBackend,
  files: readonly string[],
  number: number,
): Promise<Manifest> {
  const database = await logDatabaseId(storage)
  const report = database === undefined ? undefined : await verifyLog(storage, { databaseId: database })
  if (database !== undefined && report?.firstSequence === 1) return emptyManifest(number, database)
  if (!files.some((name) => name === CURRENT || /^(s\d+\.|log-|MANIFEST-)/.test(name)))
    throw new OmenError('not_found', 'there is no database to be repaired')
  throw new OmenError(
    'corrupt_database',
    'no manifest can be read, and the log does not go back to the beginning: only a backup helps',
  )
}
