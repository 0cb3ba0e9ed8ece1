import type { CollectionStats, Schema } from '@omen/client'
import type { JSX } from 'preact'
import { collectionOf } from '../../api/session.ts'
import { Figures } from '../../components/figures.tsx'
import { Icon } from '../../components/icon.tsx'
import { Loading } from '../../components/notice.tsx'
import { bytesParts, count, percent } from '../../format.ts'
import { useLoaded } from '../../load.ts'
import { addressOf } from '../../routing.ts'
import { ByteParts } from './byte-parts.tsx'
import { linkedShare } from './health.ts'
import { Maintenance } from './maintenance.tsx'
import { SchemaTable } from './schema-table.tsx'
import { SegmentTable } from './segment-table.tsx'

/** One collection: what it is made of, and how well it is. */
export function CollectionDetail({ name }: { readonly name: string }): JSX.Element {
  const loaded = useLoaded(async () => {
    const collection = await collectionOf(name)
    return { stats: await collection.stats(), schema: collection.schema }
  }, [name])
  return (
    <>
      <header class="page-head">
        <div>
          <a class="back-link" href={addressOf('collections')}>
            <Icon name="back" /> Collections
          </a>
          <h1>{name}</h1>
        </div>
        <div class="cluster">
          <a class="button" href={addressOf('search', name)}>
            <Icon name="search" /> Search
          </a>
          <a class="button" href={addressOf('map', name)}>
            <Icon name="map" /> Map
          </a>
          <a class="button" href={addressOf('import', name)}>
            <Icon name="import" /> Import
          </a>
        </div>
      </header>
      <Loading of={loaded}>
        {({ stats, schema }) => (
          <div class="stack-l">
            <Figures of={figuresOf(stats, schema)} />
            <div class="halves">
              <section class="card" aria-labelledby="schema-heading">
                <h2 id="schema-heading">Fields</h2>
                <SchemaTable schema={schema} />
              </section>
              <section class="card" aria-labelledby="bytes-heading">
                <h2 id="bytes-heading">Bytes by part</h2>
                <ByteParts bytes={stats.bytes} />
              </section>
            </div>
            <section class="card" aria-labelledby="segments-heading">
              <h2 id="segments-heading">Segments</h2>
              <SegmentTable segments={stats.segments} />
            </section>
            <Maintenance name={name} onChanged={loaded.reload} />
          </div>
        )}
      </Loading>
    </>
  )
}

function figuresOf(
  stats: CollectionStats,
  schema: Schema,
): { label: string; value: string; unit?: string }[] {
  const [total, unit] = bytesParts(stats.bytes.total)
  const [row, rowUnit] = bytesParts(stats.rows === 0 ? 0 : stats.bytes.total / stats.rows)
  const walked = Object.entries(schema).filter(
    ([, field]) => field.kind === 'vector' && field.index === 'hnsw',
  )
  const shares = walked.map(([field]) => ({
    label: walked.length > 1 ? `Linked in ${field}` : 'Linked into graphs',
    value: percent(linkedShare(stats.segments, field)),
  }))
  return [
    { label: 'Rows', value: count(stats.rows) },
    { label: 'Deleted, still there', value: count(stats.deleted) },
    { label: 'Held', value: total, unit },
    { label: 'A row takes', value: row, unit: rowUnit },
    ...shares,
  ]
}
