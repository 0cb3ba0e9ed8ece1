import {
  type Collection,
  type Durability,
  type InputRow,
  OmenError,
  type OmenErrorCode,
  type Schema,
  type WriteResult,
} from '@omen/db'
import { MSGPACK_STREAM_TYPE, mediaTypeOf } from '@omen/wire'
import type { LimitsConfig } from '../config/config.ts'
import { type ReadItem, readDocuments } from '../http/read-stream.ts'
import { type Call, COLLECTION, ofCollection, type Route, route } from './route.ts'
import { array, COUNT, type Inputs, object, ROW, STRING, VERSION } from './schemas.ts'
import type { Services } from './services.ts'

interface ImportQuery {
  readonly batch?: number
  readonly durability?: Durability
}

/** What an import did. */
interface ImportSummary {
  /** Rows that came. */
  rows: number
  written: number
  removed: number
  /** The version of the last change. */
  version: number
  rejected: number
  /** The first rows that were rejected. */
  readonly errors: { line: number; code: OmenErrorCode; message: string }[]
}

const DEFAULT_BATCH = 1000
/** Bytes from which on a batch is written although it has few rows. */
const BATCH_BYTES = 8 * 2 ** 20
const MAX_ERRORS = 1000

/** The reasons that lie in a row, and are no reason to refuse the others. */
const OF_ROWS: ReadonlySet<OmenErrorCode> = new Set([
  'invalid_argument',
  'unknown_field',
  'dimension_mismatch',
  'not_finite',
  'zero_vector',
  'out_of_range',
  'unsupported',
])

const SUMMARY = object({
  ...{ rows: COUNT, written: COUNT, removed: COUNT, version: VERSION, rejected: COUNT },
  errors: array(object({ line: { type: 'integer', minimum: 1 }, code: STRING, message: STRING })),
})

/** The route that writes rows as they come in a stream. */
export function importRoute({ collections, config }: Services, inputs: Inputs): Route {
  const { batch: most } = config.limits
  return route<AsyncIterable<Buffer>, ImportQuery>({
    ...{ id: 'import', method: 'POST', path: ofCollection('/import'), tag: 'Writing' },
    ...{ access: 'write', load: 'stream', errors: [404] },
    summary: 'Write rows that come one after another, in batches',
    description:
      'Rows that cannot be written are left out and named in the reply by their lines; the others are written, each batch whole.',
    query: {
      batch: {
        schema: { type: 'integer', minimum: 1, maximum: most },
        says: 'Rows that are written together.',
      },
      durability: { schema: inputs.durability, says: 'What each batch survives once it is written.' },
    },
    body: { kind: 'stream', schema: ROW },
    reply: { kind: 'document', schema: SUMMARY },
    effect: (reply) => {
      const { errors: _, ...counts } = reply as ImportSummary
      return counts
    },
    handle: async (call) => {
      const collection = await collections.reopen(call.params[COLLECTION] as string)
      return await new Import(collection, call, Math.min(DEFAULT_BATCH, most)).run(config.limits)
    },
  })
}

class Import {
  readonly #collection: Collection<Schema>
  readonly #call: Call<AsyncIterable<Buffer>, ImportQuery>
  readonly #batch: number
  readonly #summary: ImportSummary = {
    ...{ rows: 0, written: 0, removed: 0, version: 0, rejected: 0 },
    errors: [],
  }

  constructor(
    collection: Collection<Schema>,
    call: Call<AsyncIterable<Buffer>, ImportQuery>,
    defaultBatch: number,
  ) {
    this.#collection = collection
    this.#call = call
    this.#batch = call.query.batch ?? defaultBatch
  }

  async run(limits: LimitsConfig): Promise<ImportSummary> {
    const { request, visit, body } = this.#call
    const framed = mediaTypeOf(request.headers['content-type']) === MSGPACK_STREAM_TYPE
    const chunks = timed(body, visit, limits.bodyMs)
    let batch: ReadItem[] = []
    let batchBytes = 0
    for await (const item of readDocuments(chunks, framed, limits)) {
      this.#summary.rows++
      if (item.error) {
        this.#reject(item, item.error)
        continue
      }
      batch.push(item)
      batchBytes += item.bytes
      if (batch.length < this.#batch && batchBytes < BATCH_BYTES) continue
      await this.#write(batch)
      batch = []
      batchBytes = 0
    }
    await this.#write(batch)
    return this.#summary
  }

  /** Writes a batch; where a row of it cannot be written, halves of it, until it is alone. */
  async #write(items: readonly ReadItem[]): Promise<void> {
    if (items.length === 0) return
    try {
      this.#count(await this.#upsert(items))
    } catch (error) {
      if (!(error instanceof OmenError)) throw error
      if (!OF_ROWS.has(error.code)) throw this.#stopped(error)
      const [first] = items
      if (items.length === 1 && first) return this.#reject(first, error)
      const half = items.length >> 1
      await this.#write(items.slice(0, half))
      await this.#write(items.slice(half))
    }
  }

  async #upsert(items: readonly ReadItem[]): Promise<WriteResult> {
    const { visit, query } = this.#call
    const rows = items.map(({ value }) => value as InputRow<Schema>)
    const { durability } = query
    return await this.#collection.upsert(rows, { signal: visit.signal, ...(durability && { durability }) })
  }

  #count({ version, written, removed }: WriteResult): void {
    this.#summary.version = version
    this.#summary.written += written
    this.#summary.removed += removed
  }

  #reject({ line }: ReadItem, { code, message }: OmenError): void {
    this.#summary.rejected++
    // A row is told of by its line, not by its place in a batch of one.
    const says = message.replace(/^row 0(?: \(id [^)]*\))?[:,] /, '')
    if (this.#summary.errors.length < MAX_ERRORS) this.#summary.errors.push({ line, code, message: says })
  }

  #stopped(error: OmenError): OmenError {
    const { written } = this.#summary
    return new OmenError(error.code, `${error.message} (after ${written} rows were written)`, {
      cause: error,
    })
  }
}

/** The chunks of a body that must go on coming; while they are worked on, the time does not run. */
async function* timed(
  body: AsyncIterable<Buffer>,
  visit: Call['visit'],
  bodyMs: number,
): AsyncGenerator<Buffer, void, undefined> {
  visit.deadline = performance.now() + bodyMs
  for await (const chunk of body) {
    visit.deadline = undefined
    yield chunk
    visit.deadline = performance.now() + bodyMs
  }
  visit.deadline = undefined
}
