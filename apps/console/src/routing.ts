import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'

/** A view, and what it is to show: `#/map/words?field=pos` is `map`, `words`, `{ field: 'pos' }`. */
export interface Place {
  readonly view: string
  /** The collection, where the view is about one. */
  readonly subject: string | undefined
  readonly query: Readonly<Record<string, string>>
}

const hash: Signal<string> = signal(location.hash)
addEventListener('hashchange', () => {
  hash.value = location.hash
})

/** Where the reader is: what stands behind `#` in the address. */
export const place: ReadonlySignal<Place> = computed(() => placeOf(hash.value))

export function placeOf(address: string): Place {
  const [path = '', query] = address.replace(/^#\/?/, '').split('?')
  const [view = '', subject] = path.split('/')
  return {
    view: view || 'collections',
    subject: subject ? decodeURIComponent(subject) : undefined,
    query: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** The address of a view, for links. */
export function addressOf(
  view: string,
  subject?: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const search = new URLSearchParams(query).toString()
  const path = subject === undefined ? view : `${view}/${encodeURIComponent(subject)}`
  return `#/${path}${search && `?${search}`}`
}

export function go(view: string, subject?: string, query?: Readonly<Record<string, string>>): void {
  location.hash = addressOf(view, subject, query)
}
