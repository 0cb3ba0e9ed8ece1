import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button } from './button.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** Something that wants an answer before all else; Escape closes it. */
export function Dialog({ title, onClose, children }: DialogProps): JSX.Element {
  const host = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => host.current?.showModal(), [])
  return (
    <dialog ref={host} aria-labelledby={heading} onClose={onClose}>
      <div class="stack">
        <div class="cluster spread">
          <h2 id={heading}>{title}</h2>
          <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
        </div>
        {children}
      </div>
    </dialog>
  )
}
