import type { JSX } from 'preact'

/** Strokes on a grid of 24. */
const PATHS = {
  collections:
    'M4 7c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3Zm0 0v10c0 1.700 3.600 3 8 3s8-1.300 8-3V7M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.500 4.500',
  map: 'M7 8.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3Zm10-1a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3Zm-4 6a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3Zm-7 5a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3Zm12 1a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3Z',
  metrics: 'M4 19h16M4 15l4.500-5 4 3.500L20 6',
  import:
    'M12 4v11m0 0-4-4m4 4 4-4M4 16v2.500A1.500 1.500 0 0 0 5.500 20h13a1.500 1.500 0 0 0 1.500-1.500V16',
  keys: 'M15 13.500A4.500 4.500 0 1 0 11 9.300L4 16.300V20h3.700l.8-.8V17h2.200l1.800-1.800v-1.300l.3-.3a4.500 4.500 0 0 0 2.200-.1ZM15.500 8.500h.01',
  plus: 'M12 5v14M5 12h14',
  close: 'm6 6 12 12M18 6 6 18',
  copy: 'M9 9h10v10H9zM15 9V5H5v10h4',
  light:
    'M12 16.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9ZM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  dark: 'M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500Z',
  auto: 'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17Zm0-17v17M12 6.500h5M12 10h7.500M12 13.500h8M12 17h6',
  leave:
    'M14 4H6.500A1.500 1.500 0 0 0 5 5.500v13A1.500 1.500 0 0 0 6.500 20H14M10 12h10m0 0-3.500-3.500M20 12l-3.500 3.500',
  back: 'M19 12H5m0 0 5-5m-5 5 5 5',
  refresh: 'M19.500 12A7.500 7.500 0 1 1 17 6.400L19.500 9m0-5v5h-5',
  target: 'M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm0-17v5m0 10v5M2 12h5m10 0h5',
} as const

export type IconName = keyof typeof PATHS

/** A small drawing beside words, which say what it means. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}

/** The eye that is the mark of Omen. */
export function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="2.2" aria-hidden="true">
      <path d="M3 16c4.500-6.700 9-9.500 13-9.500S24.500 9.300 29 16c-4.500 6.700-9 9.500-13 9.500S7.500 22.700 3 16Z" />
      <circle cx="16" cy="16" r="5.500" fill="currentColor" stroke="none" />
      <circle cx="18.200" cy="13.800" r="1.700" fill="var(--surface)" stroke="none" />
    </svg>
  )
}
