import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { collectionOf, info } from '../../api/session.ts'
import { Button, Segmented } from '../../components/button.tsx'
import { boundTo, Check, Labelled, Select, TextInput } from '../../components/field.tsx'
import { count, percent } from '../../format.ts'
import { FilterBuilder } from './filter-builder.tsx'
import { type Mode, type Playground, runSearch } from './playground.ts'

const MODES: readonly (readonly [Mode, string])[] = [
  ['row', 'By row'],
  ['vector', 'By vector'],
  ['text', 'By text'],
]

/** What to search for, among which rows, and how hard. */
export function QueryForm({ playground }: { readonly playground: Playground }): JSX.Element {
  const { vectorFields, field, mode, limit, beam, exact, busy, collection } = playground
  const noText = mode.value === 'text' && !info.value?.embedding
  const reason = noText ? 'This server has no embedder: it cannot make vectors of texts.' : undefined
  return (
    <form
      class="card query"
      onSubmit={(event) => {
        event.preventDefault()
        if (!reason && !busy.value) runSearch(playground)
      }}
    >
      <Segmented
        label="What to search by"
        options={MODES}
        value={mode.value}
        onChange={(chosen) => {
          mode.value = chosen
        }}
      />
      <Subject playground={playground} />
      {reason && <p class="notice warn">{reason}</p>}
      {vectorFields.length > 1 && (
        <Select
          label="Vector field"
          value={field.value}
          options={vectorFields.map((name) => [name, name] as const)}
          onChange={(name) => {
            field.value = name
          }}
        />
      )}
      <FilterBuilder
        schema={collection.schema}
        conditions={playground.conditions}
        join={playground.join}
        known={playground.known.value}
      />
      <MatchCount playground={playground} />
      <div class="query-settings">
        <TextInput label="Hits" type="number" {...boundTo(limit)} />
        <TextInput label="Beam" type="number" placeholder="default" {...boundTo(beam)} />
        <Check label="Exact" {...boundTo(exact)} />
      </div>
      <Button submit kind="primary" icon="search" whyNot={reason ?? (busy.value ? 'Searching' : undefined)}>
        Search
      </Button>
    </form>
  )
}

function Subject({ playground }: { readonly playground: Playground }): JSX.Element {
  const { mode, rowId, vectorText, text, known, field, collection } = playground
  const declared = collection.schema[field.value]
  switch (mode.value) {
    case 'row':
      return (
        <TextInput
          label="Id of a row"
          list={known.value.id}
          note="Finds the rows that are nearest to this one."
          {...boundTo(rowId)}
        />
      )
    case 'vector':
      return (
        <Labelled
          label="Vector"
          note={declared?.kind === 'vector' && `${declared.dimension} numbers, as JSON or with spaces`}
        >
          {(id) => (
            <textarea
              id={id}
              class="input"
              rows={5}
              spellcheck={false}
              placeholder="[0.12, -0.40, …]"
              value={vectorText.value}
              onInput={(event) => {
                vectorText.value = event.currentTarget.value
              }}
            />
          )}
        </Labelled>
      )
    case 'text':
      return <TextInput label="Text" placeholder="What are you looking for?" {...boundTo(text)} />
  }
}

const PAUSE_MS = 250

/** How many rows the filter leaves, as soon as typing pauses. */
function MatchCount({ playground }: { readonly playground: Playground }): JSX.Element | null {
  const { where, collection } = playground
  const matches = useSignal<number | undefined>(undefined)
  useSignalEffect(() => {
    const filter = where.value
    let isCurrent = true
    matches.value = undefined
    const timer = setTimeout(() => {
      if (!filter) return
      const counting = collectionOf(collection.name).then((opened) => opened.count(filter))
      counting.then(
        (found) => {
          if (isCurrent) matches.value = found
        },
        // The search says what is wrong with a filter.
        () => undefined,
      )
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      isCurrent = false
    }
  })
  if (matches.value === undefined) return null
  return (
    <p class="small soft" role="status">
      <strong>{count(matches.value)}</strong> of {count(collection.rows)} rows match
      {collection.rows > 0 && ` (${percent(matches.value / collection.rows)})`}
    </p>
  )
}
