import { OmenError } from '@omen/core'
import { type DatasetResults, type EngineResults, effortOf, type Results } from '../results.ts'
import { bytesPerVector, ratios, speedAtRecall, yardstickOf } from './metrics.ts'
import { median } from './statistics.ts'

/** How much worse a figure may be before it counts: shares, but for recall, which is a difference. */
export interface Tolerance {
  readonly speed: number
  readonly build: number
  readonly memory: number
  readonly recall: number
}

export const DEFAULT_TOLERANCE: Tolerance = { speed: 0.15, build: 0.2, memory: 0.05, recall: 0.005 }

/** One figure in both runs. */
export interface Comparison {
  readonly dataset: string
  readonly engine: string
  readonly figure: string
  /** Undefined where a run does not have the figure. */
  readonly base: number | undefined
  readonly head: number | undefined
  readonly regressed: boolean
}

/**
 * Compares two runs by their ratios over the yardstick that was measured in the same run, so that a slower machine is
 * no regression. What the base has and the head lacks counts as a regression.
 *
 * @throws OmenError `invalid_argument` when the runs have nothing in common, or one lacks its yardstick
 */
export function compareResults(base: Results, head: Results, tolerance: Tolerance): Comparison[] {
  if (base.yardstick !== head.yardstick) {
    throw new OmenError(
      'invalid_argument',
      `the runs have different yardsticks: ${base.yardstick} and ${head.yardstick}`,
    )
  }
  const comparisons = base.datasets.flatMap((dataset) => {
    const other = head.datasets.find((each) => each.dataset.name === dataset.dataset.name)
    return other ? compareDataset(base, dataset, other, tolerance) : []
  })
  if (comparisons.length === 0)
    throw new OmenError('invalid_argument', 'the runs have nothing in common to compare')
  return comparisons
}

function compareDataset(
  { yardstick: id, workload }: Results,
  base: DatasetResults,
  head: DatasetResults,
  tolerance: Tolerance,
): Comparison[] {
  const dataset = base.dataset.name
  const [baseYardstick, headYardstick] = [yardstickOf(base, id), yardstickOf(head, id)]
  if (!baseYardstick || !headYardstick) {
    throw new OmenError('invalid_argument', `the yardstick ${id} was not measured on ${dataset} in both runs`)
  }
  return base.engines
    .filter((engine) => engine !== baseYardstick)
    .flatMap((engine) => {
      const other = head.engines.find((each) => each.id === engine.id)
      const figure = (
        name: string,
        of: (engine: EngineResults, yardstick: EngineResults, results: DatasetResults) => number | undefined,
        worst: (base: number) => number,
        better: 'higher' | 'lower',
      ): Comparison => {
        const before = of(engine, baseYardstick, base)
        const after = other && of(other, headYardstick, head)
        const limit = before === undefined ? undefined : worst(before)
        const worse =
          limit !== undefined &&
          (after === undefined || (better === 'higher' ? after < limit : after > limit))
        return { dataset, engine: engine.title, figure: name, base: before, head: after, regressed: worse }
      }
      return [
        ...workload.targets.map((target) =>
          figure(
            `speed ratio at recall ${target}`,
            (each, yardstick) => speedAtRecall(each, yardstick, target)?.ratio?.median,
            (ratio) => ratio * (1 - tolerance.speed),
            'higher',
          ),
        ),
        figure(
          'build time ratio',
          (each, yardstick) => median(ratios(each.buildSeconds, yardstick.buildSeconds)),
          (ratio) => ratio * (1 + tolerance.build),
          'lower',
        ),
        figure(
          'bytes per vector',
          (each, _, results) => bytesPerVector(each, results),
          (bytes) => bytes * (1 + tolerance.memory),
          'lower',
        ),
        ...engine.points.map(effortOf).map((effort) =>
          figure(
            `recall at beam ${effort}`,
            (each) => each.points.find((point) => effortOf(point) === effort)?.recall,
            (recall) => recall - tolerance.recall,
            'higher',
          ),
        ),
      ]
    })
}
