import type { Schema } from '@omen/client'
import type { Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { Button, Segmented } from '../../components/button.tsx'
import { Select, TextInput } from '../../components/field.tsx'
import { type Condition, conditionOn, filterFields, type Join, kindOf, operatorsOf } from './filter-model.ts'

interface FilterBuilderProps {
  readonly schema: Schema
  readonly conditions: Signal<readonly Condition[]>
  readonly join: Signal<Join>
  /** Values that keywords are known to have, by field. */
  readonly known: Readonly<Record<string, readonly string[]>>
}

const JOINS: readonly (readonly [Join, string])[] = [
  ['all', 'All of'],
  ['any', 'Any of'],
  ['none', 'None of'],
]

let keys = 0

/** A filter by clicking: a line for each condition, with the operators that its field takes. */
export function FilterBuilder({ schema, conditions, join, known }: FilterBuilderProps): JSX.Element {
  const add = (field: string): void => {
    keys++
    conditions.value = [...conditions.value, conditionOn(schema, field, keys)]
  }
  const change = (changed: Condition): void => {
    conditions.value = conditions.value.map((each) => (each.key === changed.key ? changed : each))
  }
  return (
    <fieldset class="filter">
      <legend class="field-label">Only rows where</legend>
      {conditions.value.length > 1 && (
        <Segmented
          label="How conditions stand together"
          options={JOINS}
          value={join.value}
          onChange={(chosen) => {
            join.value = chosen
          }}
        />
      )}
      {conditions.value.map((condition) => (
        <ConditionLine
          key={condition.key}
          schema={schema}
          condition={condition}
          known={known[condition.field]}
          onChange={change}
          onRemove={() => {
            conditions.value = conditions.value.filter(({ key }) => key !== condition.key)
          }}
        />
      ))}
      <div class="cluster filter-fields">
        {filterFields(schema).map((field) => (
          <button key={field} type="button" class="chip" onClick={() => add(field)}>
            + {field}
          </button>
        ))}
      </div>
    </fieldset>
  )
}

interface ConditionLineProps {
  readonly schema: Schema
  readonly condition: Condition
  readonly known: readonly string[] | undefined
  readonly onChange: (condition: Condition) => void
  readonly onRemove: () => void
}

function ConditionLine({ schema, condition, known, onChange, onRemove }: ConditionLineProps): JSX.Element {
  const { field, operator, value } = condition
  return (
    <div class="condition">
      <Select
        label={field}
        value={operator}
        options={operatorsOf(schema, field)}
        onChange={(chosen) => {
          const asksPresence = chosen === '$exists' && value !== 'true' && value !== 'false'
          onChange({ ...condition, operator: chosen, value: asksPresence ? 'true' : value })
        }}
      />
      <ConditionValue schema={schema} condition={condition} known={known} onChange={onChange} />
      <Button kind="quiet" icon="close" label={`Remove the condition on ${field}`} onClick={onRemove} />
    </div>
  )
}

function ConditionValue({
  schema,
  condition,
  known,
  onChange,
}: Omit<ConditionLineProps, 'onRemove'>): JSX.Element {
  const { field, operator, value } = condition
  const kind = kindOf(schema, field)
  const set = (text: string): void => onChange({ ...condition, value: text })
  if (operator === '$exists' || kind === 'boolean') {
    const says = operator === '$exists' ? (['yes', 'no'] as const) : (['true', 'false'] as const)
    return (
      <Select
        label="Value"
        value={value === 'false' ? 'false' : 'true'}
        options={[
          ['true', says[0]],
          ['false', says[1]],
        ]}
        onChange={set}
      />
    )
  }
  const isList = operator === '$in' || operator === '$nin' || operator === '$all'
  const numeric = (kind === 'integer' || kind === 'number') && !isList
  return (
    <TextInput
      label={isList ? 'Values, with commas' : 'Value'}
      type={kind === 'date' ? 'datetime-local' : numeric ? 'number' : 'text'}
      value={value}
      list={known}
      onChange={set}
    />
  )
}
