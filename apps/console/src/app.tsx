import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { info, resume, signOut } from './api/session.ts'
import { Button, Segmented } from './components/button.tsx'
import { Icon, type IconName, Mark } from './components/icon.tsx'
import { Toasts } from './components/notice.tsx'
import { addressOf, place } from './routing.ts'
import { THEMES, theme } from './theme.ts'
import { CollectionsView } from './views/collections/collections-view.tsx'
import { Gate } from './views/gate.tsx'
import { ImportView } from './views/import/import-view.tsx'
import { KeysView } from './views/keys/keys-view.tsx'
import { MapView } from './views/map/map-view.tsx'
import { MetricsView } from './views/metrics/metrics-view.tsx'
import { PlaygroundView } from './views/playground/playground-view.tsx'

interface View {
  readonly name: IconName
  readonly title: string
  readonly show: () => JSX.Element
}

const VIEWS: readonly View[] = [
  { name: 'collections', title: 'Collections', show: CollectionsView },
  { name: 'search', title: 'Search', show: PlaygroundView },
  { name: 'map', title: 'Map', show: MapView },
  { name: 'import', title: 'Import', show: ImportView },
  { name: 'metrics', title: 'Metrics', show: MetricsView },
  { name: 'keys', title: 'Keys', show: KeysView },
]

/** The whole page: the gate, and behind it the views. */
export function App(): JSX.Element {
  useEffect(() => {
    resume()
  }, [])
  return (
    <>
      {info.value ? <Shell /> : <Gate />}
      <Toasts />
    </>
  )
}

function Shell(): JSX.Element {
  const main = useRef<HTMLElement>(null)
  const { view } = place.value
  const current = VIEWS.find(({ name }) => name === view) ?? (VIEWS[0] as View)
  useEffect(() => {
    document.title = `${current.title} · Omen`
  }, [current])
  const Shown = current.show
  return (
    <div class="shell">
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="rail">
        <a class="wordmark" href={addressOf('collections')}>
          <Mark />
          Omen
        </a>
        <nav aria-label="Views">
          <ul>
            {VIEWS.map(({ name, title }) => (
              <li key={name}>
                <a href={addressOf(name)} aria-current={name === current.name ? 'page' : undefined}>
                  <Icon name={name} />
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <footer>
          <ThemeChoice />
          <Identity />
        </footer>
      </header>
      <main class="page" ref={main} tabIndex={-1}>
        <Shown />
      </main>
    </div>
  )
}

function ThemeChoice(): JSX.Element {
  return (
    <Segmented
      label="Theme"
      value={theme.value}
      options={THEMES.map((each) => [each, <ThemeIcon key={each} name={each} />] as const)}
      onChange={(chosen) => {
        theme.value = chosen
      }}
    />
  )
}

function ThemeIcon({ name }: { readonly name: (typeof THEMES)[number] }): JSX.Element {
  return (
    <span class="theme-icon">
      <Icon name={name} />
      <span class="visually-hidden">{name}</span>
    </span>
  )
}

/** Whose key it is, and what it may do. */
function Identity(): JSX.Element {
  const { name, roles, id } = info.value?.key ?? { name: '', roles: {}, id: '' }
  return (
    <div class="identity">
      <div>
        <div class="identity-name">{name}</div>
        <div class="key-id small faint mono">{id}</div>
      </div>
      <div class="cluster">
        {Object.entries(roles).map(([collection, role]) => (
          <span key={collection} class="badge accent">
            {role} {collection === '*' ? 'everywhere' : collection}
          </span>
        ))}
      </div>
      <Button kind="quiet" icon="leave" onClick={signOut}>
        Sign out
      </Button>
    </div>
  )
}
