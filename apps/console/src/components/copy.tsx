import type { JSX } from 'preact'
import { Button } from './button.tsx'
import { announce } from './notice.tsx'

/** Copies text; where the browser gives no access to the clipboard, says so. */
export function Copy({ text, children = 'Copy' }: { text: () => string; children?: string }): JSX.Element {
  return (
    <Button
      icon="copy"
      onClick={() => {
        // Pages of plain HTTP on other machines have no clipboard.
        if (!navigator.clipboard) return announce('bad', 'The browser allows no copying on an insecure page.')
        navigator.clipboard.writeText(text()).then(
          () => announce('good', 'Copied.'),
          () => announce('bad', 'The browser did not allow to copy.'),
        )
      }}
    >
      {children}
    </Button>
  )
}
