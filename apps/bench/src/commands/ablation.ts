import { join } from 'node:path'
import { TECHNIQUES } from '@omen/hnsw'
import { ablation as planned } from '../measure/ablation.ts'
import { root } from '../paths.ts'
import { type AblationSection, ablationMarkdown } from '../report/ablation.ts'
import type { Results } from '../results.ts'
import { type EngineSpec, readWorkload, workloadOn } from '../workload.ts'
import { type Command, readArguments } from './command.ts'
import { documentsFolder, write } from './output.ts'
import { measureOnly, publishRun, RUN_HELP, RUN_OPTIONS } from './run.ts'

const DATASETS = ['glove-wink-100-angular', 'sift-photos-300k']

export const ablation: Command = {
  usage: 'ablation',
  summary: 'Measures what each technique of the graph index brings: with and without it, side by side.',
  help: `  Takes the fast setting of the workload speed on each data set (${DATASETS.join(', ')} when
  -d is left out), and leaves out one thing at a time. Writes ablation.md, with --keep into docs/.

${RUN_HELP}`,
  async run(args) {
    const { values } = readArguments(args, RUN_OPTIONS, { least: 0, most: 0 })
    const runs: Results[] = []
    const sections: AblationSection[] = []
    for (const dataset of values.dataset ?? DATASETS) {
      const workload = workloadOn(readWorkload('speed'), dataset)
      const { workload: made, rows } = planned(workload, fastest(workload.engines), TECHNIQUES)
      const results = await measureOnly(made, { ...values, dataset: [dataset] })
      runs.push(results)
      sections.push(...results.datasets.map((each) => ({ results: each, rows })))
    }
    const [first] = runs
    if (!first) return 0
    const seconds = runs.reduce((sum, run) => sum + run.seconds, 0)
    publishRun({ ...first, seconds, datasets: runs.flatMap(({ datasets }) => datasets) }, values)
    const path = join(documentsFolder(values), 'ablation.md')
    const text = ablationMarkdown(first, sections)
    write(path, text)
    console.log(`\n${text}\ndocument ${path.replace(`${root}/`, '')}`)
    return 0
  },
}

/** The fast setting of a workload. */
export function fastest(engines: readonly EngineSpec[]): EngineSpec {
  const found = engines.find(({ id }) => id === 'omen-fast')
  if (!found) throw new Error('the workload speed has no engine omen-fast')
  return found
}
