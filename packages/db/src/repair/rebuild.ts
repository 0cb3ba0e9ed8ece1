import type { Quantizer, StorageBackend } from '@omen/core'
import type { Verification } from '@omen/schema'
import { openFileLog } from '@omen/storage-mmap'
import { Engine } from '../engine/engine.ts'
import { mergeSealed } from '../engine/jobs.ts'
import { limitsOf } from '../engine/limits.ts'
import { observedOf } from '../observed.ts'
import { mergeNothing } from '../segment/merge-policy.ts'
import { verify } from '../verify.ts'
import type { Mended } from './repair.ts'

/**
 * Opens a database whose lock the caller holds, makes derived files again that are damaged, and looks at every row.
 *
 * @param keep called with damaged files before they are removed
 * @returns what was made again, and what is still wrong
 * @throws OmenError as `Engine.open`
 */
export async function rebuildDerived(
  storage: StorageBackend,
  quantizers: readonly Quantizer[],
  keep: (files: readonly string[]) => Promise<void>,
): Promise<Verification & { readonly mended: readonly Mended[] }> {
  const mended: Mended[] = []
  // Else a merge in the background may do away with damaged files before they are kept.
  const limits = { ...limitsOf({}), chooseMerge: mergeNothing }
  const engine = await Engine.open({
    storage: alreadyLocked(storage),
    closing: async () => undefined,
    openLog: ({ database, ...origin }) => openFileLog(storage, { databaseId: database, ...origin }),
    quantizers,
    limits,
    onDamage: () => undefined,
  })
  try {
    for (const collection of engine.parts.catalog.all) {
      await collection.mergingQueue.run(async () => {
        for (const state of collection.sealed) {
          const { damaged } = state.sealed
          if (damaged.length === 0) continue
          await keep(damaged)
          await mergeSealed(engine.jobs, collection, [state], { threads: limits.threads })
          for (const file of damaged) mended.push({ file, what: 'it was damaged: made again from the rows' })
        }
      })
    }
    return { ...(await verify(observedOf(engine))), mended }
  } finally {
    await engine.close()
  }
}

/** The same storage for somebody who need not lock it. */
function alreadyLocked(storage: StorageBackend): StorageBackend {
  return {
    list: () => storage.list(),
    read: (name) => storage.read(name),
    writeOnce: (name, parts) => storage.writeOnce(name, parts),
    replace: (name, bytes) => storage.replace(name, bytes),
    append: (name, offset, bytes, durability) => storage.append(name, offset, bytes, durability),
    remove: (name) => storage.remove(name),
    lock: async () => ({ release: async () => undefined }),
    close: () => storage.close(),
  }
}
