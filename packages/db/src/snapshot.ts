import { closedError } from '@omen/core'
import type { Schema, Snapshot } from '@omen/schema'
import type { View } from './engine/view.ts'
import { EmbeddedReader } from './reader.ts'

/** The rows of a collection in this process as they were at one moment. */
export class EmbeddedSnapshot<S extends Schema> extends EmbeddedReader<S> implements Snapshot<S> {
  readonly sequence: number
  readonly #kept: { view: View | undefined }

  /**
   * Snapshots are made by `Collection.snapshot`.
   *
   * @param view retained until the snapshot is closed
   */
  constructor(name: string, schema: S, view: View) {
    const kept: { view: View | undefined } = { view: view.retain() }
    super(name, schema, () => {
      if (!kept.view) throw closedError()
      return kept.view
    })
    this.sequence = view.sequence
    this.#kept = kept
  }

  async close(): Promise<void> {
    this.#kept.view?.release()
    this.#kept.view = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
