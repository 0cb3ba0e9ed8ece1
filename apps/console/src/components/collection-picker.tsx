import type { CollectionInfo } from '@omen/client'
import type { ComponentChildren, JSX } from 'preact'
import { database } from '../api/session.ts'
import { count } from '../format.ts'
import { useLoaded } from '../load.ts'
import { addressOf, go, place } from '../routing.ts'
import { Select } from './field.tsx'
import { Loading } from './notice.tsx'

interface AboutCollectionProps {
  /** The view whose address names the collection. */
  readonly view: string
  readonly title: string
  readonly says: string
  readonly children: (collection: CollectionInfo, reload: () => void) => ComponentChildren
}

/** A view about one collection, which is chosen in its head; the first one when the address names none. */
export function AboutCollection({ view, title, says, children }: AboutCollectionProps): JSX.Element {
  const loaded = useLoaded(() => database().collections(), [])
  const { subject } = place.value
  return (
    <>
      <header class="page-head">
        <div>
          <h1>{title}</h1>
          <p>{says}</p>
        </div>
        {loaded.value.value && loaded.value.value.length > 0 && (
          <div class="collection-picker">
            <Select
              label="Collection"
              value={subject ?? loaded.value.value[0]?.name ?? ''}
              options={loaded.value.value.map(
                ({ name, rows }) => [name, `${name} (${count(rows)})`] as const,
              )}
              onChange={(name) => go(view, name)}
            />
          </div>
        )}
      </header>
      <Loading of={loaded}>
        {(all) => {
          const chosen = subject === undefined ? all[0] : all.find(({ name }) => name === subject)
          if (chosen) return children(chosen, loaded.reload)
          return (
            <div class="empty">
              <h2>{subject === undefined ? 'No collections yet' : `No collection ${subject}`}</h2>
              <p>
                {subject === undefined
                  ? 'There is nothing to look at.'
                  : 'It is not there, or this key may not read it.'}{' '}
                <a href={addressOf('collections')}>See all collections</a>
              </p>
            </div>
          )
        }}
      </Loading>
    </>
  )
}
