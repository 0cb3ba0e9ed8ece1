import {
  boolean,
  date,
  type Field,
  integer,
  json,
  keyword,
  number,
  type PayloadKind,
  type Schema,
  text,
  type VectorMetric,
  vector,
} from '@omen/client'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useAction } from '../../action.ts'
import { database } from '../../api/session.ts'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { boundTo, Check, Select, TextInput } from '../../components/field.tsx'
import { announce, Failure } from '../../components/notice.tsx'
import { go } from '../../routing.ts'

interface DraftField {
  readonly name: string
  readonly kind: PayloadKind | 'vector'
  readonly dimension: string
  readonly metric: VectorMetric
  readonly optional: boolean
}

const KINDS: readonly DraftField['kind'][] = [
  'vector',
  'keyword',
  'text',
  'integer',
  'number',
  'boolean',
  'date',
  'json',
]
const METRICS: readonly VectorMetric[] = ['cosine', 'dot', 'l2']
const NEW_FIELD: DraftField = { name: '', kind: 'keyword', dimension: '', metric: 'cosine', optional: false }

/** Makes a collection of fields that are picked one by one. */
export function CreateDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const name = useSignal('')
  const fields = useSignal<readonly DraftField[]>([
    { ...NEW_FIELD, name: 'embedding', kind: 'vector', dimension: '384' },
  ])
  const { run, busy, error } = useAction(async () => {
    await database().collection(name.value, schemaOf(fields.value))
    announce('good', `${name.value} is there.`)
    go('collections', name.value)
  })
  const change = (at: number, to: Partial<DraftField>): void => {
    fields.value = fields.value.map((field, i) => (i === at ? { ...field, ...to } : field))
  }
  return (
    <Dialog title="New collection" onClose={onClose}>
      <TextInput label="Name" {...boundTo(name)} />
      {fields.value.map((field, i) => (
        <DraftRow
          // Fields have no identity but their place.
          key={String(i)}
          field={field}
          onChange={(to) => change(i, to)}
          onRemove={() => {
            fields.value = fields.value.filter((_, at) => at !== i)
          }}
        />
      ))}
      <div class="cluster spread">
        <Button
          icon="plus"
          onClick={() => {
            fields.value = [...fields.value, NEW_FIELD]
          }}
        >
          Add a field
        </Button>
        <Button
          kind="primary"
          onClick={run}
          whyNot={busy.value ? 'Creating' : missing(name.value, fields.value)}
        >
          Create
        </Button>
      </div>
      {error.value && <Failure error={error.value} />}
    </Dialog>
  )
}

interface DraftRowProps {
  readonly field: DraftField
  readonly onChange: (to: Partial<DraftField>) => void
  readonly onRemove: () => void
}

function DraftRow({ field, onChange, onRemove }: DraftRowProps): JSX.Element {
  return (
    <fieldset class="draft-field">
      <legend class="visually-hidden">Field {field.name}</legend>
      <TextInput label="Field" value={field.name} onChange={(name) => onChange({ name })} />
      <Select
        label="Kind"
        value={field.kind}
        options={KINDS.map((kind) => [kind, kind] as const)}
        onChange={(kind) => onChange({ kind })}
      />
      {field.kind === 'vector' ? (
        <>
          <TextInput
            label="Dimension"
            type="number"
            value={field.dimension}
            onChange={(dimension) => onChange({ dimension })}
          />
          <Select
            label="Metric"
            value={field.metric}
            options={METRICS.map((metric) => [metric, metric] as const)}
            onChange={(metric) => onChange({ metric })}
          />
        </>
      ) : (
        <Check label="optional" value={field.optional} onChange={(optional) => onChange({ optional })} />
      )}
      <Button kind="quiet" icon="close" label={`Remove the field ${field.name}`} onClick={onRemove} />
    </fieldset>
  )
}

function missing(name: string, fields: readonly DraftField[]): string | undefined {
  if (name === '') return 'The collection needs a name.'
  if (fields.some((field) => field.name === '')) return 'A field has no name.'
  return undefined
}

/** @throws OmenError `invalid_argument` naming the field */
function schemaOf(fields: readonly DraftField[]): Schema {
  return Object.fromEntries(fields.map((field) => [field.name, fieldOf(field)]))
}

const PAYLOAD: Readonly<Record<PayloadKind, (options: { readonly optional: boolean }) => Field>> = {
  ...{ keyword, text, integer, number, boolean, date, json },
}

function fieldOf({ kind, dimension, metric, optional }: DraftField): Field {
  return kind === 'vector' ? vector(Number(dimension), { metric }) : PAYLOAD[kind]({ optional })
}
