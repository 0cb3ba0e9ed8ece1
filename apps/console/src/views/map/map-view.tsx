import type { CollectionInfo } from '@omen/client'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { AboutCollection } from '../../components/collection-picker.tsx'
import { Meter } from '../../components/figures.tsx'
import { Failure } from '../../components/notice.tsx'
import { count, plural } from '../../format.ts'
import { place } from '../../routing.ts'
import { Atlas } from './atlas.ts'
import { LegendPanel } from './legend-panel.tsx'
import { MapCanvas } from './map-canvas.tsx'
import { MapControls } from './map-controls.tsx'
import { PickedRow } from './picked-row.tsx'

/** A collection on a plane: rows that are near in meaning lie near each other. */
export function MapView(): JSX.Element {
  return (
    <AboutCollection
      view="map"
      title="Map"
      says="Rows on a plane, near where their neighbours are. Point at one to read it, click to see its nearest."
    >
      {(collection) => <Charted key={collection.name} collection={collection} />}
    </AboutCollection>
  )
}

function Charted({ collection }: { readonly collection: CollectionInfo }): JSX.Element {
  const atlas = useMemo(() => new Atlas(collection), [])
  const { row } = place.value.query
  useEffect(() => {
    if (atlas.field.value !== '' && collection.rows > 0) atlas.load(row)
    return () => atlas.dispose()
  }, [])
  if (atlas.field.value === '')
    return <p class="empty">{collection.name} has no vector field to make a map of.</p>
  if (collection.rows === 0) return <p class="empty">{collection.name} has no rows yet.</p>
  return (
    <div class="map">
      <MapControls atlas={atlas} />
      {atlas.error.value && <Failure error={atlas.error.value} />}
      <div class="map-body">
        <div class="map-frame">
          <MapCanvas atlas={atlas} />
          <Progress atlas={atlas} />
          <LegendPanel atlas={atlas} />
        </div>
        <PickedRow atlas={atlas} />
      </div>
    </div>
  )
}

function Progress({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const stage = atlas.stage.value
  const wanted = Math.min(atlas.sample.value, atlas.collection.rows)
  if (stage.name === 'ready') {
    const shown = atlas.points.value?.ids.length ?? 0
    return (
      <p class="map-progress small faint" role="status">
        {count(shown)} of {plural(atlas.collection.rows, 'row')}
      </p>
    )
  }
  const loading = stage.name === 'loading'
  const share = loading ? stage.rows / Math.max(1, wanted) : stage.done
  return (
    <div class="map-progress small soft" role="status">
      {loading ? `Loading ${count(stage.rows)} of ${plural(wanted, 'row')}` : 'Laying out'}
      <Meter label={loading ? 'Rows loaded' : 'Layout'} share={share} />
    </div>
  )
}
