import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { refusal, signIn } from '../api/session.ts'
import { Button } from '../components/button.tsx'
import { boundTo, TextInput } from '../components/field.tsx'
import { Mark } from '../components/icon.tsx'
import { Failure } from '../components/notice.tsx'

/** Asks for a key. */
export function Gate(): JSX.Element {
  const typed = useSignal('')
  const busy = useSignal(false)
  const submit = async (): Promise<void> => {
    busy.value = true
    await signIn(typed.value)
    busy.value = false
  }
  return (
    <main class="gate">
      <form
        class="gate-card"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <h1 class="wordmark">
          <Mark />
          Omen
        </h1>
        <p class="soft">
          Collections, searches and metrics of this server. Sign in with an API key; it is kept in this tab
          alone, until the tab is closed.
        </p>
        <TextInput
          label="API key"
          type="password"
          placeholder="omen_…"
          required
          {...boundTo(typed)}
          note={
            <>
              The server shows a first key when it starts without one; <code>omen keys create</code> makes
              more.
            </>
          }
        />
        {refusal.value && <Failure error={refusal.value} />}
        <Button submit kind="primary" whyNot={busy.value ? 'Asking the server' : undefined}>
          Sign in
        </Button>
      </form>
    </main>
  )
}
