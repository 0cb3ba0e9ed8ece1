import { checkWholeNumber, OmenError, throwIfAborted } from '@omen/core'
import type { MeasureRecallOptions, RecallMeasurement, Schema } from '@omen/schema'
import { type CheckedSchema, checkOptionNames, signalOf } from '@omen/schema/check'
import type { View } from './engine/view.ts'
import { checkWhere } from './query.ts'
import { matching, rowNumbers } from './read/matching.ts'
import { type CheckedSearch, countFound, searchView } from './read/search.ts'

const OPTIONS = ['field', 'k', 'samples', 'beam', 'where', 'signal', 'timeoutMs']

/**
 * Compares searches for vectors of stored rows, spread evenly, with the exact answer.
 *
 * @throws OmenError `invalid_argument`, `unknown_field`, `aborted`, `closed`
 */
export async function measureRecall<S extends Schema>(
  view: View,
  options: MeasureRecallOptions<S>,
): Promise<RecallMeasurement> {
  checkOptionNames('measureRecall', options, OPTIONS)
  const signal = signalOf(options)
  const { k = 10, samples = 100, beam } = options
  checkWholeNumber('k', k)
  checkWholeNumber('samples', samples)
  const field = fieldOf(view.schema, options.field)
  const where = checkWhere(view.schema, options.where)
  const { metric } = view.schema.vectors.get(field) ?? { metric: 'l2' }
  const settings: Omit<CheckedSearch, 'queries' | 'exact'> = {
    ...{ field, metric, where, limit: k, offset: 0, beam, radius: undefined, threads: undefined, signal },
  }
  const queries = await sampleOf(view, field, samples)
  let found = 0
  let wanted = 0
  for (const query of queries) {
    throwIfAborted(signal)
    const hits = await searchView(view, { ...settings, queries: query, exact: false })
    const truth = await searchView(view, { ...settings, queries: query, exact: true })
    const farthest = Math.max(...truth.map(({ distances }) => distances.at(-1) ?? -Infinity))
    wanted += countFound(truth)
    for (const { distances } of hits) found += distances.filter((distance) => distance <= farthest).length
  }
  return { recall: wanted === 0 ? 1 : found / wanted, samples: queries.length }
}

function fieldOf(schema: CheckedSchema, field: string | undefined): string {
  const names = [...schema.vectors.keys()]
  const name = field ?? (names.length === 1 ? names[0] : undefined)
  if (name !== undefined && schema.vectors.has(name)) return name
  throw new OmenError(
    field === undefined ? 'invalid_argument' : 'unknown_field',
    `measureRecall needs a vector field: there are ${names.join(', ') || 'none at all'}`,
  )
}

/** Vectors of rows, as evenly spread over all rows as can be. */
async function sampleOf(view: View, field: string, samples: number): Promise<Float32Array[]> {
  const step = Math.max(1, view.rows / samples)
  const vectors: Float32Array[] = []
  let at = 0
  let next = 0
  for await (const matches of matching(view, undefined)) {
    for (const row of rowNumbers(matches)) {
      if (at++ < next) continue
      next += step
      const vector = matches.segment.segment.vector(field, row)
      if (vector) vectors.push(vector)
    }
  }
  return vectors
}
