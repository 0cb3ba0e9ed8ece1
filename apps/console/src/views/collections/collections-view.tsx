import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { database, whyNot } from '../../api/session.ts'
import { Button } from '../../components/button.tsx'
import { Loading } from '../../components/notice.tsx'
import { useLoaded } from '../../load.ts'
import { place } from '../../routing.ts'
import { CollectionCards } from './collection-cards.tsx'
import { CollectionDetail } from './collection-detail.tsx'
import { CreateDialog } from './create-dialog.tsx'
import { ServerHealth } from './server-health.tsx'

/** What there is, and whether it is well. */
export function CollectionsView(): JSX.Element {
  const { subject } = place.value
  return subject === undefined ? <Overview /> : <CollectionDetail key={subject} name={subject} />
}

function Overview(): JSX.Element {
  const creating = useSignal(false)
  const collections = useLoaded(() => database().collections(), [])
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Collections</h1>
          <p>What this server holds, and whether it is well.</p>
        </div>
        <Button
          kind="primary"
          icon="plus"
          whyNot={whyNot('admin')}
          onClick={() => {
            creating.value = true
          }}
        >
          New collection
        </Button>
      </header>
      <div class="stack-l">
        <ServerHealth />
        <Loading of={collections}>{(all) => <CollectionCards collections={all} />}</Loading>
      </div>
      {creating.value && (
        <CreateDialog
          onClose={() => {
            creating.value = false
          }}
        />
      )}
    </>
  )
}
