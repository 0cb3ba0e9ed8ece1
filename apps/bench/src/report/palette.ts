import type { EngineResults } from '../results.ts'

/** Colours of the charts, in one of the two looks of the page. */
export interface Palette {
  readonly text: string
  readonly faint: string
  readonly line: string
  readonly surface: string
  /** Omen's own engines, in the order of the workload. */
  readonly omen: readonly string[]
  /** Everybody else's. */
  readonly others: readonly string[]
}

export const LIGHT: Palette = {
  text: '#1c1b22',
  faint: '#6b6a76',
  line: '#e6e5ec',
  surface: '#ffffff',
  omen: ['#6a3df0', '#b14bd8', '#2f6fed', '#9187ff'],
  others: ['#57606f', '#d9822b', '#14967f', '#c23b5a', '#8a7a2c'],
}

export const DARK: Palette = {
  text: '#ecebf3',
  faint: '#9997a8',
  line: '#2c2b37',
  surface: '#17161d',
  omen: ['#a78bff', '#e38bff', '#6ea8ff', '#c9c2ff'],
  others: ['#a9b1c0', '#f2a65a', '#3fcfb4', '#f2738f', '#cdbb5c'],
}

/** The colour of each engine, the same in every chart of a data set. */
export function engineColors(engines: readonly EngineResults[], { omen, others }: Palette): string[] {
  const used = { omen: 0, others: 0 }
  return engines.map(({ engine }) => {
    const own = engine.startsWith('omen')
    const colors = own ? omen : others
    const at = own ? used.omen++ : used.others++
    return colors[at % colors.length] ?? '#888888'
  })
}
