import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useAction } from '../../action.ts'
import { createKey } from '../../api/administration.ts'
import { database, type Grants, ROLES, type Role } from '../../api/session.ts'
import { Button } from '../../components/button.tsx'
import { Copy } from '../../components/copy.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { boundTo, Select, TextInput } from '../../components/field.tsx'
import { Failure } from '../../components/notice.tsx'
import { useLoaded } from '../../load.ts'

type Choice = Role | 'none'

const CHOICES: readonly (readonly [Choice, string])[] = [
  ['none', 'nothing'],
  ...ROLES.map((role) => [role, role] as const),
]

interface CreateKeyDialogProps {
  readonly onCreated: () => void
  readonly onClose: () => void
}

/** Makes a key, and shows it this once. */
export function CreateKeyDialog({ onCreated, onClose }: CreateKeyDialogProps): JSX.Element {
  const name = useSignal('')
  const ends = useSignal('')
  const grants = useSignal<Grants>({})
  const made = useSignal<string | undefined>(undefined)
  const collections = useLoaded(() => database().collections(), [])
  const { run, busy, error } = useAction(async () => {
    const { key } = await createKey({
      name: name.value,
      roles: grants.value,
      ...(ends.value !== '' && { expiresAt: new Date(ends.value).toISOString() }),
    })
    made.value = key
    onCreated()
  })
  if (made.value !== undefined) return <NewKey name={name.value} secret={made.value} onClose={onClose} />
  const choose = (collection: string, choice: Choice): void => {
    const { [collection]: _, ...others } = grants.value
    grants.value = choice === 'none' ? others : { ...others, [collection]: choice }
  }
  return (
    <Dialog title="New key" onClose={onClose}>
      <TextInput label="Name" placeholder="who or what uses it" {...boundTo(name)} />
      <Select
        label="Everywhere"
        note="Holds for all collections, those to come as well, and for the server itself."
        value={grants.value['*'] ?? 'none'}
        options={CHOICES}
        onChange={(choice) => choose('*', choice)}
      />
      {collections.value.value?.map((collection) => (
        <Select
          key={collection.name}
          label={`In ${collection.name}`}
          value={grants.value[collection.name] ?? 'none'}
          options={CHOICES}
          onChange={(choice) => choose(collection.name, choice)}
        />
      ))}
      <TextInput label="Ends" note="Never, when left empty." type="datetime-local" {...boundTo(ends)} />
      {error.value && <Failure error={error.value} />}
      <Button
        kind="primary"
        onClick={run}
        whyNot={busy.value ? 'Making the key' : missing(name.value, grants.value)}
      >
        Make the key
      </Button>
    </Dialog>
  )
}

function missing(name: string, grants: Grants): string | undefined {
  if (name === '') return 'The key needs a name.'
  return Object.keys(grants).length === 0 ? 'Choose at least one role.' : undefined
}

interface NewKeyProps {
  readonly name: string
  readonly secret: string
  readonly onClose: () => void
}

function NewKey({ name, secret, onClose }: NewKeyProps): JSX.Element {
  return (
    <Dialog title={`The key ${name}`} onClose={onClose}>
      <p class="soft">Copy it now: the server keeps only its hash, and it will not be shown again.</p>
      <pre class="secret">{secret}</pre>
      <div class="cluster">
        <Copy text={() => secret}>Copy the key</Copy>
        <Button kind="primary" onClick={onClose}>
          I have it
        </Button>
      </div>
    </Dialog>
  )
}
