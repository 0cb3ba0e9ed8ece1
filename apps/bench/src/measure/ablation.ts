import type { Technique } from '@omen/hnsw'
import type { DatasetResults, EngineResults } from '../results.ts'
import type { EngineSpec, Workload } from '../workload.ts'
import { qpsAtRecall, roundsAtRecall } from './curve.ts'
import { ratios } from './metrics.ts'
import { type Spread, spread } from './statistics.ts'

/** What is known beforehand of something that can be left out. */
interface Expectation {
  /** How many times faster it was found to make searches. */
  readonly expected: string
  readonly about: string
}

const EXPECTATIONS: Readonly<Record<Technique, Expectation>> = {
  prefetchCodes: {
    expected: '1.20–1.26×',
    about: 'The codes of a list are asked for before the first of them is compared.',
  },
  prefetchLists: {
    expected: '1.09–1.14×',
    about: 'The list of the candidate that comes next is asked for ahead of time.',
  },
  pipeline: {
    expected: 'not known',
    about: "A list's codes travel while the list before it is compared.",
  },
  interleave: {
    expected: '1.05–1.16×, in one call',
    about: 'Two queries take turns on a thread, so that one computes while the other waits for memory.',
  },
  mergeBatches: {
    expected: 'not known',
    about: 'The rows of a list go into the list of candidates in one merge, not one by one.',
  },
  reuseVisited: {
    expected: 'not known',
    about: 'The marks of rows that were seen are kept for the next search, cleared by counting up.',
  },
  hugePages: {
    expected: '1.04–1.15×',
    about: 'Codes and lists lie in pages of 2 MiB, so that fewer addresses have to be looked up.',
  },
}

/** Enough to tell a few percent; there are many indexes to ask. */
const QUERIES = 2000

/** One line of the table: two engines of the run that differ in one thing. */
export interface AblationRow {
  readonly name: string
  readonly with: string
  readonly without: string
  readonly expected: string
  readonly about: string
}

/** A workload that leaves out one thing at a time, and what to compare in its results. */
export interface Ablation {
  readonly workload: Workload
  readonly rows: readonly AblationRow[]
}

/**
 * Makes a workload out of an engine's best settings: each technique left out by itself, other codes, fewer links.
 *
 * @param best the settings to leave something out of
 * @param techniques names of what can be switched off
 */
export function ablation(workload: Workload, best: EngineSpec, techniques: readonly Technique[]): Ablation {
  const base: EngineSpec = { ...best, id: 'all', title: 'everything on', on: {} }
  const engines: EngineSpec[] = [base]
  const rows: AblationRow[] = []
  for (const name of techniques) {
    const id = `without-${name}`
    engines.push({ ...base, id, title: `without ${name}`, techniques: { ...base.techniques, [name]: false } })
    rows.push({ name, with: 'all', without: id, ...EXPECTATIONS[name] })
  }
  engines.push({ ...base, id: 'alpha1', title: 'alpha 1', alpha: 1 })
  rows.push({
    name: 'robust prune',
    with: 'all',
    without: 'alpha1',
    expected: 'part of 1.36×',
    about:
      'Links that lead away are kept more often than the nearest ones alone would allow (alpha above 1).',
  })
  const { quantizer: _, keep: __, rescore: ___, ...plain } = base
  engines.push({ ...plain, id: 'f32', title: 'f32' })
  const fewBits = base.quantizer === 'sq4' ? 'sq4' : 'lvq4'
  for (const quantizer of ['sq8', fewBits])
    if (quantizer !== base.quantizer) engines.push({ ...base, id: quantizer, title: quantizer, quantizer })
  const idOf = (quantizer: string): string => (quantizer === base.quantizer ? 'all' : quantizer)
  rows.push(
    {
      name: 'sq8 in place of f32',
      with: idOf('sq8'),
      without: 'f32',
      expected: '1.2× (GloVe) to 1.64× (SIFT)',
      about: 'Searches walk by codes of 8 bits a component, and compare the best exactly.',
    },
    {
      name: `${fewBits} in place of sq8`,
      with: idOf(fewBits),
      without: idOf('sq8'),
      expected: '1.1–1.3×',
      about: 'Searches walk by codes of 4 bits a component, and compare the best exactly.',
    },
  )
  const other = base.m === 16 ? { m: 32, buildBeam: 300 } : { m: 16, buildBeam: 200 }
  const id = `m${other.m}`
  engines.push({ ...base, ...other, id, title: `M = ${other.m}, ef construction = ${other.buildBeam}` })
  rows.push({
    name: 'M = 32, ef construction = 300, in place of 16, 200',
    with: base.m === 16 ? id : 'all',
    without: base.m === 16 ? 'all' : id,
    expected: '1.36×',
    about: 'More links need fewer hops, for more memory and a longer build.',
  })
  const made = { name: 'ablation', title: 'What each part of the graph index brings', yardstick: 'all' }
  return {
    workload: { ...workload, ...made, engines, claims: [], queries: QUERIES, batch: true, work: true },
    rows,
  }
}

/** How many times better an engine is with something than without it; undefined where that was not measured. */
export interface AblationFactors {
  /** Single searches at the recall, on one thread. */
  readonly single: Spread | undefined
  /** Searches in one call on one thread. */
  readonly batch: Spread | undefined
  /** Build time with over without. */
  readonly build: Spread | undefined
}

/** Compares the two engines of a row at a recall, round by round. */
export function ablationFactors(
  { engines }: DatasetResults,
  row: AblationRow,
  recall: number,
): AblationFactors {
  const find = (id: string): EngineResults | undefined => engines.find((each) => each.id === id)
  const [on, off] = [find(row.with), find(row.without)]
  const factor = (of: (engine: EngineResults) => readonly number[] | undefined): Spread | undefined => {
    const own = on && of(on)
    const other = off && of(off)
    return own && other && spread(ratios(own, other))
  }
  return {
    single: factor(({ points }) => qpsAtRecall(points, recall)),
    batch: factor(({ points }) => roundsAtRecall(points, recall, ({ qpsBatch }) => qpsBatch)),
    build: factor(({ buildSeconds }) => buildSeconds),
  }
}
