import type { OmenError } from '@omen/client'
import { type Signal, signal } from '@preact/signals'
import { metricsText } from '../../api/administration.ts'
import { asOmenError } from '../../api/session.ts'
import { type Moment, momentBetween } from './moment.ts'
import { parseMetrics, type Scrape } from './prometheus.ts'

export const INTERVAL_MS = 2000
/** Ten minutes. */
const KEPT = 300

/** What was seen since the page was opened, the oldest first: it outlives the view. */
export const history: Signal<readonly Moment[]> = signal([])
export const latest: Signal<Scrape | undefined> = signal(undefined)
export const failure: Signal<OmenError | undefined> = signal(undefined)

let previous: { readonly at: number; readonly scrape: Scrape } | undefined

/** Looks at the server's metrics again and again, until it is told to stop. */
export function watchMetrics(stop: AbortSignal): void {
  const look = async (): Promise<void> => {
    try {
      const scrape = parseMetrics(await metricsText(stop))
      take(Date.now(), scrape)
      failure.value = undefined
    } catch (error) {
      if (!stop.aborted) failure.value = asOmenError(error)
    }
    if (!stop.aborted) setTimeout(look, INTERVAL_MS)
  }
  look()
}

function take(at: number, scrape: Scrape): void {
  // After a pause the first interval would be the mean of all that went by unseen.
  if (previous && at - previous.at < 3 * INTERVAL_MS) {
    history.value = [
      ...history.value.slice(1 - KEPT),
      momentBetween(previous.scrape, scrape, at, (at - previous.at) / 1000),
    ]
  }
  previous = { at, scrape }
  latest.value = scrape
}
