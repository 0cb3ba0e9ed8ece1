import { closedError } from '@omen/core'
import type { Schema, Snapshot } from '@omen/schema'
import { pathOf, RemoteReader, type RequestOptions } from './reader.ts'
import type { ApiRequest, Transport } from './transport.ts'

/** What the server says of a snapshot that it opened. */
export interface OpenedSnapshot {
  readonly snapshot: string
  readonly sequence: number
}

/** The rows of a collection behind a server as they were at one moment. */
export class RemoteSnapshot<S extends Schema> extends RemoteReader<S> implements Snapshot<S> {
  readonly sequence: number
  readonly #id: string
  #closed = false

  /** Snapshots are made by `Collection.snapshot`. */
  constructor(transport: Transport, name: string, schema: S, { snapshot, sequence }: OpenedSnapshot) {
    super(transport, name, schema)
    this.#id = snapshot
    this.sequence = sequence
  }

  protected override request(route: string, body: unknown, options: RequestOptions): ApiRequest {
    if (this.#closed) throw closedError()
    return super.request(route, body, { ...options, query: { ...options.query, snapshot: this.#id } })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const path = `${pathOf(this.name)}/snapshots/${encodeURIComponent(this.#id)}`
    await this.transport.send({ method: 'DELETE', path, repeatable: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
