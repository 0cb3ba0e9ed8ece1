import { effect, type Signal, signal } from '@preact/signals'

/** `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark'

export const THEMES: readonly Theme[] = ['auto', 'light', 'dark']

const STORED = 'omen-theme'
const system: MediaQueryList = matchMedia('(prefers-color-scheme: dark)')

export const theme: Signal<Theme> = signal(
  THEMES.find((each) => each === localStorage.getItem(STORED)) ?? 'auto',
)

/** Whether it is dark now: what canvases go by, which know no style sheets. */
export const isDark: Signal<boolean> = signal(false)

/** Keeps the page, and what is remembered, as the theme says. */
export function followTheme(): void {
  system.addEventListener('change', show)
  effect(() => {
    localStorage.setItem(STORED, theme.value)
    show()
  })
}

function show(): void {
  const chosen = theme.value
  if (chosen === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = chosen
  isDark.value = chosen === 'auto' ? system.matches : chosen === 'dark'
}

/** The value that a custom property of the style sheet has as a colour now, as a canvas takes it. */
export function colourOf(property: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${property})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
