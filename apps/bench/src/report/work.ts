import { number, percent, recall } from '../format.ts'
import { pointReaching, workOf } from '../measure/metrics.ts'
import { type DatasetResults, effortOf } from '../results.ts'

/** What a search does at each target, at the cheapest setting that reaches it; the same in the terminal and on the page. */
export interface WorkTable {
  readonly heads: readonly string[]
  /** Cells, and which engine they are about. */
  readonly rows: readonly { readonly engine: number; readonly cells: readonly string[] }[]
}

/** The title of the table. */
export const WORK_TITLE = 'work of a search, and the least time that reading it takes on this machine'

/** Lays out the work that was counted; undefined where none was. */
export function workTable({ engines }: DatasetResults, targets: readonly number[]): WorkTable | undefined {
  const rows = targets.flatMap((target) =>
    engines.flatMap((engine, i) => {
      const point = pointReaching(engine, target)
      const work = point && workOf(engine, point)
      if (!work) return []
      const { distances, hops, rescored, bytes, micros, floorMicros, reached } = work
      const figures = [distances, hops, rescored, bytes / 1000, micros, floorMicros].map(number)
      return [{ engine: i, cells: [recall(point.recall), effortOf(point), ...figures, percent(reached)] }]
    }),
  )
  const heads = ['recall', 'beam', 'distances', 'lists', 'rescored', 'kB read', 'µs', 'least µs', 'reached']
  return rows.length > 0 ? { heads, rows } : undefined
}
