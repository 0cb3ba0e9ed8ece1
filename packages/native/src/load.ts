import { createRequire } from 'node:module'
import type { Addon } from './addon.ts'

/** The addon, or why it is not there. */
export type Loaded = { readonly addon: Addon } | { readonly error: string }

let loaded: Loaded | undefined

/** Loads the addon at the first call, and remembers how that went. */
export function load(): Loaded {
  loaded ??= tryToLoad()
  return loaded
}

function tryToLoad(): Loaded {
  if (process.env.OMEN_NATIVE === 'off') return { error: 'switched off by OMEN_NATIVE=off' }
  try {
    // From src/ and from dist/ alike, the binary lies beside them in build/.
    return { addon: createRequire(import.meta.url)('../build/Release/omen_native.node') as Addon }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
