import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useAction } from '../../action.ts'
import { type KeyInfo, listKeys, revokeKey } from '../../api/administration.ts'
import { info, whyNot } from '../../api/session.ts'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { announce, Failure, Loading } from '../../components/notice.tsx'
import { moment } from '../../format.ts'
import { useLoaded } from '../../load.ts'
import { CreateKeyDialog } from './create-key-dialog.tsx'

/** Who may come, and what they may do. */
export function KeysView(): JSX.Element {
  const reason = whyNot('admin')
  return reason ? (
    <>
      <header class="page-head">
        <h1>Keys</h1>
      </header>
      <p class="notice warn">{reason}</p>
    </>
  ) : (
    <Keys />
  )
}

function Keys(): JSX.Element {
  const creating = useSignal(false)
  const keys = useLoaded(listKeys, [])
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Keys</h1>
          <p>Who may come, and what they may do. A secret is shown once, when its key is made.</p>
        </div>
        <Button
          kind="primary"
          icon="plus"
          onClick={() => {
            creating.value = true
          }}
        >
          New key
        </Button>
      </header>
      <Loading of={keys}>{(all) => <KeyTable keys={all} onChanged={keys.reload} />}</Loading>
      {creating.value && (
        <CreateKeyDialog
          onCreated={keys.reload}
          onClose={() => {
            creating.value = false
          }}
        />
      )}
    </>
  )
}

interface KeyTableProps {
  readonly keys: readonly KeyInfo[]
  readonly onChanged: () => void
}

function KeyTable({ keys, onChanged }: KeyTableProps): JSX.Element {
  const revoking = useSignal<KeyInfo | undefined>(undefined)
  return (
    <section class="card" aria-label="Keys">
      <div class="table-scroll">
        <table class="table">
          <thead>
            <tr>
              <th>Name</th>
              <th>Id</th>
              <th>May</th>
              <th>Made</th>
              <th>Ends</th>
              <th>
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr key={key.id}>
                <td>
                  <strong>{key.name}</strong>{' '}
                  {key.id === info.value?.key.id && <span class="badge good">this session</span>}
                </td>
                <td class="mono soft">{key.id}</td>
                <td>
                  <span class="cluster value-list">
                    {Object.entries(key.roles).map(([collection, role]) => (
                      <span key={collection} class={role === 'admin' ? 'badge accent' : 'badge'}>
                        {role} {collection === '*' ? 'everywhere' : collection}
                      </span>
                    ))}
                  </span>
                </td>
                <td class="soft">{moment(key.createdAt)}</td>
                <td class="soft">
                  <Ends at={key.expiresAt} />
                </td>
                <td class="number">
                  <Button
                    kind="danger"
                    onClick={() => {
                      revoking.value = key
                    }}
                  >
                    Revoke<span class="visually-hidden"> {key.name}</span>
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {revoking.value && (
        <RevokeDialog
          of={revoking.value}
          onRevoked={onChanged}
          onClose={() => {
            revoking.value = undefined
          }}
        />
      )}
    </section>
  )
}

function Ends({ at }: { readonly at: string | undefined }): JSX.Element {
  if (at === undefined) return <>never</>
  if (new Date(at) < new Date()) return <span class="badge bad">ended {moment(at)}</span>
  return <>{moment(at)}</>
}

interface RevokeDialogProps {
  readonly of: KeyInfo
  readonly onRevoked: () => void
  readonly onClose: () => void
}

function RevokeDialog({ of: { id, name }, onRevoked, onClose }: RevokeDialogProps): JSX.Element {
  const { run, busy, error } = useAction(async () => {
    await revokeKey(id)
    announce('good', `${name} is revoked.`)
    onRevoked()
    onClose()
  })
  return (
    <Dialog title={`Revoke ${name}?`} onClose={onClose}>
      <p class="soft">Whoever uses it is refused from the next request on. It cannot be given back.</p>
      {id === info.value?.key.id && <p class="notice warn">This is the key that you are signed in with.</p>}
      {error.value && <Failure error={error.value} />}
      <Button kind="danger" onClick={run} whyNot={busy.value ? 'Revoking' : undefined}>
        Revoke {name}
      </Button>
    </Dialog>
  )
}
