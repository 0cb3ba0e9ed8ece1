import type { FloatMetric } from '../data/dataset.ts'
import { loadDataset, subset } from '../data/load.ts'
import { readRegistry } from '../data/registry.ts'
import { installCompetitors } from '../engines/competitors.ts'
import { COMPETITORS } from '../engines/index.ts'
import { readEnvironment } from '../environment.ts'
import { type DatasetResults, RESULT_FORMAT, type Results } from '../results.ts'
import { type Workload, workloadOn } from '../workload.ts'
import { measureDataset } from './measure.ts'

/**
 * Runs a workload: every data set in turn, all engines side by side.
 *
 * @param command as the user typed it, for the result file
 * @param metric of data sets that are files of vectors
 * @throws OmenError what `loadDataset` throws; engines that cannot be measured are skipped
 */
export async function runWorkload(
  workload: Workload,
  command: string,
  metric?: FloatMetric,
): Promise<Results> {
  const started = new Date()
  // At once: the checkout may move on while the run takes its time.
  const environment = await readEnvironment()
  if (workload.engines.some(({ engine }) => COMPETITORS.includes(engine))) {
    const failed = await installCompetitors()
    if (failed) process.stderr.write(`the competitors could not be installed: ${failed}\n`)
  }
  const entries = readRegistry()
  const datasets: DatasetResults[] = []
  for (const name of workload.datasets) {
    const whole = await loadDataset(name, metric)
    const dataset = await subset(whole, workload.rows ?? whole.rows, workload.queries ?? whole.queries)
    process.stderr.write(
      `${dataset.name}: ${dataset.rows.toLocaleString('en')} x ${dataset.dimension}, ${dataset.metric}\n`,
    )
    const measured = await measureDataset(workloadOn(workload, name), dataset)
    const entry = entries.find((each) => each.name === name)
    const about = entry ? { title: entry.title, source: entry.source } : {}
    datasets.push({ ...measured, dataset: { ...measured.dataset, ...about } })
  }
  const { name, title, about, targets, claims } = workload
  return {
    format: RESULT_FORMAT,
    workload: { name, title, targets, claims, ...(about === undefined ? {} : { about }) },
    yardstick: workload.yardstick,
    command,
    startedAt: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    environment,
    datasets,
  }
}
