import { effect, type Signal, signal } from '@preact/signals'

const STORED = 'omen-key'

/** The key that requests are made with; empty when there is none. It is forgotten when the tab is closed. */
export const key: Signal<string> = signal(sessionStorage.getItem(STORED) ?? '')

effect(() => {
  if (key.value === '') sessionStorage.removeItem(STORED)
  else sessionStorage.setItem(STORED, key.value)
})
