import type { Field, Schema } from '@omen/client'
import type { JSX } from 'preact'

/** The fields of a collection, and what is special about each. */
export function SchemaTable({ schema }: { readonly schema: Schema }): JSX.Element {
  return (
    <div class="table-scroll">
      <table class="table">
        <thead>
          <tr>
            <th>Name</th>
            <th>Kind</th>
            <th>Settings</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(schema).map(([name, field]) => (
            <tr key={name}>
              <td>
                <strong>{name}</strong>
              </td>
              <td>
                <span class={field.kind === 'vector' ? 'badge accent' : 'badge'}>{field.kind}</span>
              </td>
              <td class="soft">{settingsOf(field).join(' · ') || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function settingsOf(field: Field): string[] {
  if (field.kind === 'vector') {
    const { dimension, metric, quantizer, index, m, beam, keep, optional } = field
    const kept = typeof keep === 'string' ? keep : keep.name
    const graph = index === 'hnsw' ? [`graph of ${m} neighbours, beam ${beam}`] : ['no graph']
    return [
      `${dimension} dimensions`,
      metric,
      `codes ${quantizer.name}`,
      `keeps ${kept}`,
      ...graph,
      ...(optional ? ['optional'] : []),
    ]
  }
  const { optional, many, index } = field
  return [
    ...(many ? ['many values'] : []),
    ...(optional ? ['optional'] : []),
    ...(index ? ['can be filtered by'] : []),
  ]
}
