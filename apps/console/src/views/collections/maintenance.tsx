import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useAction } from '../../action.ts'
import { collectionOf, database, whyNot } from '../../api/session.ts'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { boundTo, TextInput } from '../../components/field.tsx'
import { Meter } from '../../components/figures.tsx'
import { announce, Failure } from '../../components/notice.tsx'
import { percent, plural } from '../../format.ts'
import { go } from '../../routing.ts'

interface MaintenanceProps {
  readonly name: string
  readonly onChanged: () => void
}

/** What can be done for a collection: measure it, optimize it, drop it. */
export function Maintenance(props: MaintenanceProps): JSX.Element {
  return (
    <section class="card stack" aria-labelledby="maintenance-heading">
      <h2 id="maintenance-heading">Maintenance</h2>
      <Recall {...props} />
      <Optimize {...props} />
      <Drop {...props} />
    </section>
  )
}

function Recall({ name }: MaintenanceProps): JSX.Element {
  const result = useSignal<string | undefined>(undefined)
  const { run, busy, error } = useAction(async () => {
    const { recall, samples } = await (await collectionOf(name)).measureRecall()
    result.value = `Searches found ${percent(recall)} of the true ten nearest, for ${plural(samples, 'stored vector')}.`
  })
  return (
    <div class="task">
      <Button onClick={run} whyNot={busy.value ? 'Measuring' : whyNot('read', name)}>
        Measure recall
      </Button>
      <p class="small soft" role="status">
        {result.value ?? 'Compares searches for stored vectors with the exact answer.'}
      </p>
      {error.value && <Failure error={error.value} />}
    </div>
  )
}

function Optimize({ name, onChanged }: MaintenanceProps): JSX.Element {
  const share = useSignal<number | undefined>(undefined)
  const { run, busy, error } = useAction(async () => {
    share.value = 0
    const collection = await collectionOf(name)
    await collection.optimize({
      onProgress: ({ done, total }) => {
        share.value = total === 0 ? 1 : done / total
      },
    })
    announce('good', `${name} is optimized: one segment, without deleted rows.`)
    onChanged()
  })
  return (
    <div class="task">
      <Button onClick={run} whyNot={busy.value ? 'Optimizing' : whyNot('admin', name)}>
        Optimize
      </Button>
      {busy.value ? (
        <Meter label="Vectors linked" share={share.value ?? 0} />
      ) : (
        <p class="small soft">
          Takes all rows into one segment and gives the space of deleted ones back. Searches and writes go on.
        </p>
      )}
      {error.value && <Failure error={error.value} />}
    </div>
  )
}

function Drop({ name }: MaintenanceProps): JSX.Element {
  const asking = useSignal(false)
  return (
    <div class="task">
      <Button
        kind="danger"
        whyNot={whyNot('admin', name)}
        onClick={() => {
          asking.value = true
        }}
      >
        Drop…
      </Button>
      <p class="small soft">Removes the collection with all its rows, for good.</p>
      {asking.value && (
        <DropDialog
          name={name}
          onClose={() => {
            asking.value = false
          }}
        />
      )}
    </div>
  )
}

function DropDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }): JSX.Element {
  const typed = useSignal('')
  const { run, busy, error } = useAction(async () => {
    await database().drop(name)
    announce('good', `${name} is dropped.`)
    go('collections')
  })
  const reason = typed.value === name ? undefined : 'Type the name of the collection first.'
  return (
    <Dialog title={`Drop ${name}?`} onClose={onClose}>
      <p class="soft">All its rows are removed from the disk. There is no way back except a backup.</p>
      <TextInput label={`Type ${name} to confirm`} {...boundTo(typed)} />
      {error.value && <Failure error={error.value} />}
      <Button kind="danger" onClick={run} whyNot={busy.value ? 'Dropping' : reason}>
        Drop {name}
      </Button>
    </Dialog>
  )
}
