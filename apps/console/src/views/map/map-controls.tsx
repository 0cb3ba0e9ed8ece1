import { vectorFieldNames } from '@omen/client'
import type { JSX } from 'preact'
import { Button, Segmented } from '../../components/button.tsx'
import { Select } from '../../components/field.tsx'
import { count } from '../../format.ts'
import type { Atlas } from './atlas.ts'
import type { LayoutName } from './layout.ts'
import { colourFields } from './points.ts'

const SAMPLES: readonly number[] = [1000, 5000, 20_000, 100_000, 300_000]
const LAYOUTS: readonly (readonly [LayoutName, string])[] = [
  ['umap', 'UMAP'],
  ['pca', 'PCA'],
]

/** What the map shows, of how many rows, and in which colours. */
export function MapControls({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const { schema, rows } = atlas.collection
  const vectors = vectorFieldNames(schema)
  const sizes = [...SAMPLES.filter((size) => size < rows), ...(rows <= (SAMPLES.at(-1) ?? 0) ? [rows] : [])]
  return (
    <div class="map-controls">
      {vectors.length > 1 && (
        <Select
          label="Vector"
          value={atlas.field.value}
          options={vectors.map((name) => [name, name] as const)}
          onChange={(field) => {
            atlas.field.value = field
            atlas.load()
          }}
        />
      )}
      <Select
        label="Rows"
        value={String(atlas.sample.value)}
        options={sizes.map(
          (size) => [String(size), size === rows ? `all ${count(rows)}` : count(size)] as const,
        )}
        onChange={(size) => {
          atlas.sample.value = Number(size)
          atlas.load()
        }}
      />
      <Select
        label="Colour by"
        value={atlas.colourField.value}
        options={[['', 'nothing'], ...colourFields(schema).map((name) => [name, name] as const)]}
        onChange={(field) => {
          atlas.colourField.value = field
          atlas.hidden.value = new Set()
        }}
      />
      <div class="field">
        <span class="field-label">Layout</span>
        <Segmented
          label="Layout"
          options={LAYOUTS}
          value={atlas.layout.value}
          onChange={(layout) => {
            atlas.layout.value = layout
            atlas.arrange()
          }}
        />
      </div>
      <Button icon="refresh" label="Draw another sample" onClick={() => atlas.load()} />
    </div>
  )
}
