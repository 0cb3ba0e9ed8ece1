import type { CollectionInfo, Field } from '@omen/client'
import type { JSX } from 'preact'
import { count, plural } from '../../format.ts'
import { addressOf } from '../../routing.ts'

/** Every collection, with a way into it. */
export function CollectionCards({
  collections,
}: {
  readonly collections: readonly CollectionInfo[]
}): JSX.Element {
  if (collections.length === 0) {
    return (
      <div class="empty">
        <h2>No collections yet</h2>
        <p>Create one here, or from a program; then drop a file of rows into Import.</p>
      </div>
    )
  }
  return (
    <ul class="cards" aria-label="Collections">
      {collections.map(({ name, rows, schema }) => (
        <li key={name} class="card collection-card">
          <h2>
            <a href={addressOf('collections', name)}>{name}</a>
          </h2>
          <p class="collection-rows">
            <strong>{count(rows)}</strong> <span class="faint">{rows === 1 ? 'row' : 'rows'}</span>
          </p>
          <ul class="cluster field-list" aria-label={plural(Object.keys(schema).length, 'field')}>
            {Object.entries(schema).map(([field, description]) => (
              <li key={field}>
                <FieldBadge name={field} field={description} />
              </li>
            ))}
          </ul>
          <div class="cluster card-links">
            <a href={addressOf('search', name)}>Search</a>
            <a href={addressOf('map', name)}>Map</a>
            <a href={addressOf('import', name)}>Import</a>
          </div>
        </li>
      ))}
    </ul>
  )
}

export function FieldBadge({ name, field }: { readonly name: string; readonly field: Field }): JSX.Element {
  const isVector = field.kind === 'vector'
  return (
    <span class={isVector ? 'badge accent' : 'badge'}>
      {name}
      <span class="faint">{isVector ? field.dimension : field.kind}</span>
    </span>
  )
}
