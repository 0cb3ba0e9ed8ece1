import { OmenError } from '@omen/core'
import type { Problem, Verification } from '@omen/schema'
import { decodeChange, decodeChangeHead } from './engine/change.ts'
import type { CollectionState } from './engine/collection-state.ts'
import { replayFrom } from './engine/manifest.ts'
import type { Observed } from './observed.ts'
import { matching, rowNumbers } from './read/matching.ts'

/** What problems are in that no file can be named for. */
export const THE_LOG = 'the log'

/**
 * Reads what there is and says what is not as it was written: the bytes of sealed segments against their checksums, the
 * records of the log, and that no id is there twice.
 *
 * @throws OmenError `closed`
 */
export async function verify(observed: Observed): Promise<Verification> {
  const problems: Problem[] = []
  let rows = 0
  for (const collection of observed.catalog.all) {
    for (const { sealed } of collection.sealed) {
      for (const file of sealed.damaged)
        problems.push({ where: file, what: 'it is damaged, and made again by a merge' })
      await sealed.verified.catch((error: unknown) => problems.push(problemOf(`segment ${sealed.id}`, error)))
    }
    rows += await verifyRows(observed, collection, problems)
  }
  await verifyRecords(observed).catch((error: unknown) => problems.push(problemOf(THE_LOG, error)))
  return { problems, rows }
}

async function verifyRows(
  { now }: Observed,
  collection: CollectionState,
  problems: Problem[],
): Promise<number> {
  const view = collection.view(now()).retain()
  try {
    let rows = 0
    for await (const matches of matching(view, undefined)) {
      for (const row of rowNumbers(matches)) {
        rows++
        const id = matches.segment.segment.idOf(row)
        const found = view.find(id)
        if (found?.segment === matches.segment && found.row === row) continue
        problems.push({
          where: collection.name,
          what: `row ${JSON.stringify(id)} is there twice, or not found by its id`,
        })
      }
    }
    return rows
  } finally {
    view.release()
  }
}

/** Reads the records that a replay would need. */
async function verifyRecords({ applied, catalog, log, manifest }: Observed): Promise<void> {
  const from = replayFrom(manifest)
  if (from > applied) return
  for await (const { sequence, bytes } of log.read(from)) {
    if (sequence > applied) return
    const state = catalog.byId(decodeChangeHead(bytes).collection)
    if (state && sequence >= state.stored.from) decodeChange(bytes, state.schema)
  }
}

function problemOf(where: string, error: unknown): Problem {
  if (!(error instanceof OmenError)) throw error
  return { where, what: error.message }
}
