import { rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A file that gets its name when it is whole, so that one that was cut short is never taken for it. */
export interface Temporary {
  readonly path: string
  /** Puts it in place of what may be there. */
  complete(): Promise<void>
}

/** The name keeps its extension, by which writers go. */
export function nameOfTemporary(path: string): Temporary {
  const temporary = join(dirname(path), `.partial-${process.pid}-${basename(path)}`)
  return { path: temporary, complete: () => rename(temporary, path) }
}
