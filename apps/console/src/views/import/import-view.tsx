import type { CollectionInfo } from '@omen/client'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { whyNot } from '../../api/session.ts'
import { Button } from '../../components/button.tsx'
import { AboutCollection } from '../../components/collection-picker.tsx'
import { Icon } from '../../components/icon.tsx'
import { FieldBadge } from '../collections/collection-cards.tsx'
import { ImportProgress } from './import-progress.tsx'
import { Importing } from './importing.ts'

/** Rows out of files. */
export function ImportView(): JSX.Element {
  return (
    <AboutCollection
      view="import"
      title="Import"
      says="Drop a file of rows. Those that cannot be written are set aside and named; all others are."
    >
      {(collection, reload) => <DropZone key={collection.name} collection={collection} onImported={reload} />}
    </AboutCollection>
  )
}

interface DropZoneProps {
  readonly collection: CollectionInfo
  readonly onImported: () => void
}

function DropZone({ collection, onImported }: DropZoneProps): JSX.Element {
  const over = useSignal(false)
  const imports = useSignal<readonly Importing[]>([])
  const input = useRef<HTMLInputElement>(null)
  const reason = whyNot('write', collection.name)
  const take = async (files: Iterable<File>): Promise<void> => {
    if (reason) return
    // One after another, so that the last of two rows with one id is the one of the later file.
    for (const file of files) {
      const importing = new Importing(file)
      imports.value = [importing, ...imports.value]
      await importing.run(collection)
      onImported()
    }
  }
  return (
    <div class="stack-l">
      <section
        class={over.value ? 'drop-zone over' : 'drop-zone'}
        aria-label="Where files are dropped"
        onDragOver={(event) => {
          event.preventDefault()
          over.value = !reason
        }}
        onDragLeave={() => {
          over.value = false
        }}
        onDrop={(event) => {
          event.preventDefault()
          over.value = false
          take(event.dataTransfer?.files ?? [])
        }}
      >
        <Icon name="import" />
        <h2>{reason ? 'This key may not import' : `Drop files for ${collection.name}`}</h2>
        <p class="soft">
          {reason ??
            'JSONL with a row a line, or CSV with the names of fields in its first row. A row needs an id.'}
        </p>
        <Button kind="primary" whyNot={reason} onClick={() => input.current?.click()}>
          Choose files
        </Button>
        <input
          ref={input}
          type="file"
          class="visually-hidden"
          tabIndex={-1}
          aria-label="Files to import"
          multiple
          accept=".jsonl,.ndjson,.csv,.tsv"
          onChange={(event) => {
            take([...(event.currentTarget.files ?? [])])
            event.currentTarget.value = ''
          }}
        />
        <ul class="cluster" aria-label="Fields">
          {Object.entries(collection.schema).map(([name, field]) => (
            <li key={name}>
              <FieldBadge name={name} field={field} />
            </li>
          ))}
        </ul>
      </section>
      {imports.value.map((importing) => (
        <ImportProgress key={importing.file.name + importing.file.lastModified} of={importing} />
      ))}
    </div>
  )
}
