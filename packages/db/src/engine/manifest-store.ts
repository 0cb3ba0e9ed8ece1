import { OmenError, Queue, type StorageBackend } from '@omen/core'
import { readWhole } from './bytes.ts'
import {
  CURRENT,
  decodeCurrent,
  decodeManifest,
  encodeCurrent,
  encodeManifest,
  filesOf,
  type Manifest,
  manifestName,
  manifestNumber,
  replayFrom,
} from './manifest.ts'
import type { EngineHooks } from './points.ts'

/** What a `ManifestStore` asks of the log. */
export interface ManifestLog {
  /** Makes all records that were applied survive a power cut. */
  sync(): Promise<void>
  /** Forgets records before this one. */
  trim(sequence: number): Promise<void>
}

/** What a change of the manifest says anew. */
export type ManifestChange = Pick<Manifest, 'sequence' | 'nextSegment' | 'nextCollection' | 'collections'>

/**
 * Reads the manifest in force.
 *
 * @returns undefined where there is none: the database was never created
 * @throws OmenError `corrupt_database`, `unsupported`, `io`, `not_found` where a writer replaced it just now
 */
export async function readManifest(storage: StorageBackend): Promise<Manifest | undefined> {
  const current = await readWhole(storage, CURRENT).catch((error: unknown) => {
    if (error instanceof OmenError && error.code === 'not_found') return undefined
    throw error
  })
  if (!current) return undefined
  const name = await decodeCurrent(current)
  return await decodeManifest(await readWhole(storage, name), name)
}

/**
 * Keeps the manifest in force and the one before it, and removes what neither names.
 *
 * The order of every change: the files it names are there already; what it says of the log is synced; the manifest is
 * written; `CURRENT` is swapped; only then files are removed and the log is trimmed.
 */
export class ManifestStore {
  readonly #storage: StorageBackend
  readonly #hooks: EngineHooks
  readonly #queue: Queue = new Queue()
  readonly #pinned: Set<Manifest> = new Set()
  /** Files that no manifest needs and that are still there. */
  readonly #garbage: Set<string> = new Set()
  #current: Manifest
  #previous: Manifest
  /** The last number used, be it for a manifest that never came into force. */
  #number: number

  constructor(storage: StorageBackend, current: Manifest, hooks: EngineHooks) {
    this.#storage = storage
    this.#hooks = hooks
    this.#current = current
    this.#previous = current
    this.#number = current.number
  }

  get current(): Manifest {
    return this.#current
  }

  /** Whether the manifest before this one keeps files or records that this one does not need. */
  get holdsBack(): boolean {
    return (
      replayFrom(this.#previous) < replayFrom(this.#current) ||
      unnamed(filesOf(this.#previous), [this.#current]).length > 0
    )
  }

  /**
   * Brings a manifest into force.
   *
   * @param change makes it of the one in force, at once: what it says is as at that moment
   * @throws OmenError `disk_full`, `io`: then the one before is in force; `unknown_outcome`: then nobody knows which one is
   */
  publish(log: ManifestLog, change: (current: Manifest) => ManifestChange): Promise<Manifest> {
    return this.#queue.run(async () => {
      const before = this.#current
      const next: Manifest = { ...before, ...change(before), number: ++this.#number }
      await log.sync()
      await this.#write(next)
      const dropped = this.#previous
      this.#previous = before
      this.#current = next
      this.#hooks.point?.('manifest:current-swapped')
      for (const file of filesOf(dropped)) this.#garbage.add(file)
      if (dropped !== before) this.#garbage.add(manifestName(dropped.number))
      await this.#clean()
      this.#hooks.point?.('manifest:before-trim')
      await log.trim(Math.min(...[next, before, ...this.#pinned].map(replayFrom))).catch(ignoreUntilNextTime)
      this.#hooks.point?.('manifest:trimmed')
      return next
    })
  }

  async #write(next: Manifest): Promise<void> {
    const name = manifestName(next.number)
    this.#hooks.point?.('manifest:before-write')
    await this.#storage.writeOnce(name, [await encodeManifest(next)])
    this.#hooks.point?.('manifest:written')
    try {
      await this.#storage.replace(CURRENT, await encodeCurrent(name))
    } catch (error) {
      await this.#resolveSwap(name, error)
    }
  }

  /** A swap that failed left the old name or the new one: which, decides whether it failed. */
  async #resolveSwap(name: string, error: unknown): Promise<void> {
    let there: string
    try {
      there = await decodeCurrent(await readWhole(this.#storage, CURRENT))
      // What is read may be in memory alone: bringing it to disk again makes sure.
      await this.#storage.replace(CURRENT, await encodeCurrent(there))
    } catch (cause) {
      throw new OmenError(
        'unknown_outcome',
        'nobody knows which manifest is in force, since writing CURRENT failed: open the database again',
        { cause },
      )
    }
    if (there === name) return
    this.#garbage.add(name)
    throw error
  }

  /**
   * Keeps the files of the manifest in force until they are let go of.
   *
   * @returns the manifest, and what lets go
   */
  pin(): { manifest: Manifest; release: () => void } {
    // A copy: the same manifest may be pinned twice.
    const manifest = { ...this.#current }
    this.#pinned.add(manifest)
    const release = (): void => {
      this.#pinned.delete(manifest)
    }
    return { manifest, release }
  }

  /**
   * Removes files that belong to no manifest: what writers left that ended in the middle of something. To be called before
   * anything is written.
   *
   * @throws OmenError `io`
   */
  async removeOrphans(): Promise<void> {
    for (const name of await orphans(this.#storage, this.#current)) this.#garbage.add(name)
    await this.#clean()
  }

  /** Takes files that were written and are not wanted: they are removed with the next change at the latest. */
  async discard(files: readonly string[]): Promise<void> {
    for (const file of files) this.#garbage.add(file)
    await this.#clean()
  }

  /** Removes garbage; what cannot be removed now is tried again later, since nobody needs it. */
  async #clean(): Promise<void> {
    const keepers = [this.#current, this.#previous, ...this.#pinned]
    const names = new Set(keepers.map(({ number }) => manifestName(number)))
    for (const name of unnamed([...this.#garbage], keepers)) {
      if (names.has(name)) continue
      this.#hooks.point?.('manifest:before-remove')
      try {
        await this.#storage.remove(name)
        this.#garbage.delete(name)
      } catch (error) {
        ignoreUntilNextTime(error)
      }
      this.#hooks.point?.('manifest:file-removed')
    }
  }
}

/**
 * The manifests, and files of segments, that are there and do not belong to a manifest.
 *
 * @throws OmenError `io`
 */
export async function orphans(storage: StorageBackend, manifest: Manifest): Promise<string[]> {
  const named = new Set([manifestName(manifest.number), ...filesOf(manifest)])
  const files = (await storage.list()).map(({ name }) => name)
  return files.filter(
    (name) => !named.has(name) && (manifestNumber(name) !== undefined || /^s\d+\./.test(name)),
  )
}

function unnamed(files: readonly string[], manifests: readonly Manifest[]): string[] {
  const named = new Set(manifests.flatMap(filesOf))
  return files.filter((file) => !named.has(file))
}

/** What could not be removed costs space and no data, and the next change tries again. */
function ignoreUntilNextTime(error: unknown): void {
  if (!(error instanceof OmenError)) throw error
}
