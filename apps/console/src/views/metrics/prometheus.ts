/** One measured value with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** All that one look at the metrics says, by name. */
export type Scrape = ReadonlyMap<string, readonly Sample[]>

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Reads the text format of Prometheus; lines that are something else are passed over. */
export function parseMetrics(text: string): Scrape {
  const found = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = LINE.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    const samples = found.get(name) ?? []
    samples.push({ labels: labelsOf(labels), value: value === '+Inf' ? Infinity : Number(value) })
    found.set(name, samples)
  }
  return found
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [, name = '', value = ''] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}

/** The sum of a metric over all labels that are asked for; 0 where there is none. */
export function sumOf(
  scrape: Scrape,
  name: string,
  counts: (labels: Sample['labels']) => boolean = () => true,
): number {
  return (scrape.get(name) ?? []).reduce((sum, { labels, value }) => (counts(labels) ? sum + value : sum), 0)
}

/**
 * The value below which a share of what a histogram counted between two looks lies, by linear interpolation inside its
 * bucket, as `histogram_quantile` of Prometheus does it.
 *
 * @returns undefined when nothing was counted
 */
export function quantileBetween(
  before: Scrape,
  after: Scrape,
  name: string,
  share: number,
  counts: (labels: Sample['labels']) => boolean = () => true,
): number | undefined {
  const earlier = cumulative(before, name, counts)
  const buckets = [...cumulative(after, name, counts)]
    .map(([bound, total]) => [bound, total - (earlier.get(bound) ?? 0)] as const)
    .sort(([a], [b]) => a - b)
  const total = buckets.at(-1)?.[1] ?? 0
  if (total <= 0) return undefined
  const rank = share * total
  let lower = 0
  let below = 0
  for (const [bound, upTo] of buckets) {
    if (upTo >= rank) {
      if (bound === Infinity) return lower
      return upTo === below ? bound : lower + ((bound - lower) * (rank - below)) / (upTo - below)
    }
    lower = bound
    below = upTo
  }
  return lower
}

function cumulative(
  scrape: Scrape,
  name: string,
  counts: (labels: Sample['labels']) => boolean,
): Map<number, number> {
  const totals = new Map<number, number>()
  for (const { labels, value } of scrape.get(`${name}_bucket`) ?? []) {
    if (!counts(labels)) continue
    const bound = labels.le === '+Inf' ? Infinity : Number(labels.le)
    totals.set(bound, (totals.get(bound) ?? 0) + value)
  }
  return totals
}
