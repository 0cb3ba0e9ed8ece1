import type { CollectionInfo } from '@omen/client'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { AboutCollection } from '../../components/collection-picker.tsx'
import { announce, Failure } from '../../components/notice.tsx'
import { place } from '../../routing.ts'
import { Plan } from './plan.tsx'
import { createPlayground, lookAround, runSearch } from './playground.ts'
import { QueryForm } from './query-form.tsx'
import { Results } from './results.tsx'

/** Searches, with the answer beside how it was found. */
export function PlaygroundView(): JSX.Element {
  return (
    <AboutCollection view="search" title="Search" says="Ask a collection, and see how the answer was found.">
      {(collection) => <Bench key={`${collection.name} ${place.value.query.row}`} collection={collection} />}
    </AboutCollection>
  )
}

function Bench({ collection }: { readonly collection: CollectionInfo }): JSX.Element {
  const { row } = place.value.query
  const playground = useMemo(() => createPlayground(collection, row), [])
  useEffect(() => {
    const stop = new AbortController()
    if (row !== undefined) runSearch(playground)
    lookAround(playground, stop.signal).catch((error: Error) => {
      if (!stop.signal.aborted) announce('bad', error.message)
    })
    return () => stop.abort()
  }, [])
  const { answer, error } = playground
  if (playground.vectorFields.length === 0) {
    return <p class="empty">{collection.name} has no vector field, so there is nothing to search by.</p>
  }
  return (
    <div class="bench">
      <QueryForm playground={playground} />
      <div class="stack-l answer">
        {error.value && <Failure error={error.value} />}
        {answer.value ? (
          <>
            <Plan answer={answer.value} />
            <Results playground={playground} answer={answer.value} />
          </>
        ) : (
          <div class="empty">
            <h2>Nothing asked yet</h2>
            <p>
              Choose a row to begin with, or paste a vector, and search. Filters are made of the fields below.
            </p>
          </div>
        )}
      </div>
    </div>
  )
}
