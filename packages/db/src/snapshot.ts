import { closedError } from '@omen/core'
import type { View } from './engine/view.ts'
import { Reader } from './reader.ts'
import type { Schema } from './schema/field.ts'

/** The rows of a collection as they were at one moment: no write shows in it. */
export class Snapshot<S extends Schema> extends Reader<S> {
  readonly name: string
  /** The last change of the database that it knows: as `WriteResult.version` counts them. */
  readonly sequence: number
  readonly #kept: { view: View | undefined }

  /**
   * Snapshots are made by `Collection.snapshot`.
   *
   * @param view retained until the snapshot is closed
   */
  constructor(name: string, view: View) {
    const kept: { view: View | undefined } = { view: view.retain() }
    super(() => {
      if (!kept.view) throw closedError()
      return kept.view
    })
    this.name = name
    this.sequence = view.sequence
    this.#kept = kept
  }

  /** Lets go of the rows; calls that are under way end as they would have. Closing twice is fine. */
  close(): void {
    this.#kept.view?.release()
    this.#kept.view = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
