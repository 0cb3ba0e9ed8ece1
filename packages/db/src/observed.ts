import type { LogReader, StorageBackend } from '@omen/core'
import type { Catalog } from './engine/catalog.ts'
import type { Engine } from './engine/engine.ts'
import type { Follower } from './engine/follower.ts'
import type { Manifest } from './engine/manifest.ts'

/** What of a database can be looked at, whether it is open for writing or for reading. */
export interface Observed {
  readonly catalog: Catalog
  readonly log: Pick<LogReader, 'firstSequence' | 'read'>
  readonly manifest: Manifest
  /** The last change that it shows. */
  readonly applied: number
  readonly storage: StorageBackend
  /** What keeps background work from going on. */
  readonly troubles: readonly unknown[]
  readonly now: () => number
}

/** A database that is open for writing, as it is now. */
export function observedOf(engine: Engine): Observed {
  const { catalog, commits, log, manifests, storage } = engine.parts
  return {
    ...{ catalog, log, storage, manifest: manifests.current, applied: commits.applied },
    ...{ troubles: engine.maintenance.troubles, now: () => engine.now() },
  }
}

/** A database that is open for reading, as it was at its last refresh. @throws OmenError `closed` */
export function followedBy(follower: Follower): Observed {
  const { catalog, log, manifest, applied, storage } = follower
  return { catalog, log, manifest, applied, storage, troubles: [], now: Date.now }
}
