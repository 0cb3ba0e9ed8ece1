import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { OmenError } from '@omen/core'
import { isPlainObject } from '@omen/schema/check'

/** How far an import has come: all of it is durable in the database. */
export interface Progressed {
  /** Of the last record that needs not be read again. */
  readonly position: number
  readonly rows: number
  readonly rejected: number
  /** Bytes of the file of rejected rows. */
  readonly rejectedBytes: number
}

export const NOTHING: Progressed = { position: 0, rows: 0, rejected: 0, rejectedBytes: 0 }

/** What is imported into what: a checkpoint is for the same alone. */
export interface Task {
  readonly file: string
  readonly database: string
  readonly collection: string
}

/** Between two writings. What is lost with a kill is written again by the next run, as the same rows. */
const INTERVAL_MS = 250

/** A small file beside the imported one that says where to go on. */
export class Checkpoint {
  readonly path: string
  readonly #task: Task & { readonly sizeBytes: number; readonly modified: number }
  #saved = Number.NEGATIVE_INFINITY

  constructor(task: Task) {
    const { size, mtimeMs } = statSync(task.file)
    this.path = checkpointPath(task.file)
    this.#task = { ...task, sizeBytes: size, modified: mtimeMs }
  }

  get exists(): boolean {
    return existsSync(this.path)
  }

  /**
   * Where the import stopped; the beginning where nothing was begun.
   *
   * @throws OmenError `invalid_argument` for a checkpoint of another import, or of a file that has changed
   */
  load(): Progressed {
    if (!this.exists) return NOTHING
    const stored: unknown = parsed(this.path)
    if (!isPlainObject(stored)) throw this.#refused('it is damaged')
    for (const [name, value] of Object.entries(this.#task)) {
      if (stored[name] !== value)
        throw this.#refused(`its ${name} is ${String(stored[name])}, and now it is ${value}`)
    }
    const { position, rows, rejected, rejectedBytes } = stored
    const counts = [position, rows, rejected, rejectedBytes]
    if (!counts.every((count) => Number.isSafeInteger(count) && Number(count) >= 0))
      throw this.#refused('it is damaged')
    return { position, rows, rejected, rejectedBytes } as unknown as Progressed
  }

  /** Says how far it has come, unless that was said a moment ago. */
  async save(progressed: Progressed, force = false): Promise<void> {
    const now = performance.now()
    if (!force && now - this.#saved < INTERVAL_MS) return
    const temporary = `${this.path}.next`
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(`${JSON.stringify({ ...this.#task, ...progressed })}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, this.path)
    this.#saved = now
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }

  #refused(why: string): OmenError {
    return new OmenError(
      'invalid_argument',
      `${this.path} is no checkpoint of this import: ${why}; --restart begins anew`,
    )
  }
}

const checkpointPath = (file: string): string => `${file}.checkpoint.json`

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
