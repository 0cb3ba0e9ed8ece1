import type { Technique } from '@omen/hnsw'
import type { EngineSettings } from '../../workload.ts'
import {
  EPSILON_EXPECTATION,
  type Expectation,
  GRAPH_EXPECTATIONS,
  NOTHING_EXPECTATION,
  TECHNIQUE_EXPECTATIONS,
} from './expectations.ts'

/** Settings of an index that is measured. */
export type VariantSettings = Omit<EngineSettings, 'beams' | 'queries'>

/** An index that is measured. */
export interface Variant {
  readonly id: string
  readonly settings: VariantSettings
  /** The variant of the same graph, whose saved index it opens; one without is built and saved. */
  readonly opens?: string
}

/** One line of the table: two variants that differ in one thing. */
export interface AblationRow extends Expectation {
  readonly name: string
  readonly with: string
  readonly without: string
}

/** What to measure, and what to compare in it. */
export interface AblationPlan {
  readonly variants: readonly Variant[]
  readonly rows: readonly AblationRow[]
}

/** The variant that has everything. */
const ALL = 'all'

/**
 * Leaves out one thing at a time: each technique, all of them over one graph; and what makes other graphs: alpha, other
 * codes, fewer links.
 *
 * @param best the settings to leave something out of
 * @param techniques names of what can be switched off
 */
export function planAblation(best: VariantSettings, techniques: readonly Technique[]): AblationPlan {
  const variants: Variant[] = [
    { id: ALL, settings: best },
    { id: 'again', settings: best, opens: ALL },
  ]
  const rows: AblationRow[] = [{ name: 'nothing', with: ALL, without: 'again', ...NOTHING_EXPECTATION }]
  for (const name of techniques) {
    const id = `without-${name}`
    variants.push({
      id,
      settings: { ...best, techniques: { ...best.techniques, [name]: false } },
      opens: ALL,
    })
    rows.push({ name, with: ALL, without: id, ...TECHNIQUE_EXPECTATIONS[name] })
  }
  const { epsilons, ...byBeam } = best
  if (epsilons) {
    variants.push({ id: 'by-beam', settings: byBeam, opens: ALL })
    rows.push({ name: 'epsilon in place of beam', with: ALL, without: 'by-beam', ...EPSILON_EXPECTATION })
  }
  const { alpha = 1, quantizer, m } = best
  if (alpha !== 1) {
    variants.push({ id: 'alpha1', settings: { ...best, alpha: 1 } })
    rows.push({
      name: `alpha ${alpha} in place of 1`,
      with: ALL,
      without: 'alpha1',
      ...GRAPH_EXPECTATIONS.alpha,
    })
  }
  const { quantizer: _, keep: __, rescore: ___, ...plain } = best
  variants.push({ id: 'f32', settings: plain })
  const fewBits = quantizer === 'sq4' ? 'sq4' : 'lvq4'
  for (const other of ['sq8', fewBits]) {
    if (other !== quantizer) variants.push({ id: other, settings: { ...best, quantizer: other } })
  }
  const idOf = (name: string): string => (name === quantizer ? ALL : name)
  rows.push(
    { name: 'sq8 in place of f32', with: idOf('sq8'), without: 'f32', ...GRAPH_EXPECTATIONS.sq8 },
    {
      name: `${fewBits} in place of sq8`,
      with: idOf(fewBits),
      without: idOf('sq8'),
      ...GRAPH_EXPECTATIONS.fewBits,
    },
  )
  if (quantizer && !['sq8', fewBits].includes(quantizer)) {
    rows.push({
      name: `${quantizer} in place of ${fewBits}`,
      with: ALL,
      without: fewBits,
      ...GRAPH_EXPECTATIONS.fewComponents,
    })
  }
  if (m > FEW_LINKS.m) {
    const id = `m${FEW_LINKS.m}`
    variants.push({ id, settings: { ...best, ...FEW_LINKS } })
    rows.push({
      name: `M = ${m}, ef construction = ${best.buildBeam}, alpha ${alpha}, in place of ${FEW_LINKS.m}, ${FEW_LINKS.buildBeam}, ${FEW_LINKS.alpha}`,
      with: ALL,
      without: id,
      ...GRAPH_EXPECTATIONS.moreLinks,
    })
  }
  return { variants, rows }
}

/** What most indexes of this kind are built with; few links do best with an alpha of 1. */
const FEW_LINKS = { m: 16, buildBeam: 200, alpha: 1 }
