import { Readable } from 'node:stream'
import { encodeMsgpack, frameOf, MSGPACK_STREAM_TYPE, NDJSON_TYPE } from '@omen/wire'
import type { FastifyReply } from 'fastify'
import { errorBody, toldError } from './errors.ts'
import { jsonReply } from './json-reply.ts'
import { takesMsgpackStream } from './media.ts'

/** An item that says nothing: it shows that the stream goes on. */
export const HEARTBEAT: unique symbol = Symbol('heartbeat')

/** Bytes that are gathered before they are sent. */
const CHUNK_BYTES = 65_536

/** How items are put into bytes. */
interface Framing {
  readonly mediaType: string
  frame(item: unknown): Buffer
}

const NDJSON: Framing = {
  mediaType: NDJSON_TYPE,
  frame: (item) => Buffer.from(item === HEARTBEAT ? '\n' : `${jsonReply(item)}\n`),
}

const MSGPACK: Framing = {
  mediaType: MSGPACK_STREAM_TYPE,
  frame: (item) => Buffer.from(frameOf(item === HEARTBEAT ? new Uint8Array() : encodeMsgpack(item)).buffer),
}

/** Items that become a stream. */
export interface Streamed {
  /** Ended when the client goes away. */
  readonly items: AsyncGenerator<unknown, void, undefined>
  /** Whether each item is sent at once, since the next one may be long in coming; else many are sent together. */
  readonly live: boolean
}

/**
 * Sends items one after another, as fast as the client takes them. An error that comes when some were sent already is the last
 * item.
 *
 * @param report told of errors that are no fault of the request
 */
export async function sendStream(
  reply: FastifyReply,
  { items, live }: Streamed,
  report: (error: unknown) => void,
): Promise<void> {
  const framing = takesMsgpackStream(reply.request.headers.accept) ? MSGPACK : NDJSON
  // What goes wrong before the first item is an error like any other.
  const first = await items.next()
  const failed = (error: unknown): unknown => {
    const told = toldError(error)
    if (!told) report(error)
    return errorBody(told, reply.request.id)
  }
  reply.header('content-type', framing.mediaType)
  // Proxies that gather replies would hold back changes and heartbeats.
  reply.header('x-accel-buffering', 'no').header('cache-control', 'no-store')
  await reply.send(
    Readable.from(chunks(first, items, { framing, chunkBytes: live ? 0 : CHUNK_BYTES }, failed), {
      objectMode: false,
    }),
  )
}

async function* chunks(
  first: IteratorResult<unknown, void>,
  items: AsyncGenerator<unknown, void, undefined>,
  { framing, chunkBytes }: { framing: Framing; chunkBytes: number },
  failed: (error: unknown) => unknown,
): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  try {
    for (let item = first; !item.done; item = await items.next()) {
      const frame = framing.frame(item.value)
      waiting.push(frame)
      waitingBytes += frame.length
      if (waitingBytes < chunkBytes) continue
      yield Buffer.concat(waiting)
      waiting = []
      waitingBytes = 0
    }
  } catch (error) {
    waiting.push(framing.frame(failed(error)))
  } finally {
    // Where the client went away in the middle.
    await items.return()
  }
  if (waiting.length > 0) yield Buffer.concat(waiting)
}
