import type { SegmentExplanation, WalkExplanation } from '@omen/client'
import { count, percent, plural } from '../../format.ts'

/** What a search did in a segment, step by step, as sentences. */
export function stepsOf(segment: SegmentExplanation): string[] {
  const { rows, matches, strategy, walk, candidates, scanned } = segment
  const steps: string[] = []
  if (matches < rows)
    steps.push(`The filter leaves ${count(matches)} of ${plural(rows, 'row')} (${percent(matches / rows)}).`)
  if (matches === 0) return [...steps, 'Nothing is left to compare.']
  if (strategy === 'scan') {
    return [
      ...steps,
      `Compares all ${plural(matches, 'row')} exactly: so few are quicker compared than walked to.`,
    ]
  }
  if (walk) steps.push(walkStep(walk))
  if (candidates > 0)
    steps.push(`Compares the ${plural(candidates, 'candidate')} exactly and keeps the closest.`)
  if (scanned > 0) steps.push(`Compares those of ${plural(scanned, 'row')} that no graph has yet, exactly.`)
  return steps
}

function walkStep({ strategy, distances }: WalkExplanation): string {
  const about = `about ${plural(Math.round(distances), 'row')} by their codes`
  switch (strategy) {
    case 'scan':
      return `Compares ${about}, without walking the graph: so few match.`
    case 'plain':
      return `Walks the graph and compares ${about}.`
    case 'filtered':
      return `Walks the graph over rows that match, reaching over those that do not, and compares ${about}.`
  }
}
