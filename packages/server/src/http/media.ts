import { MSGPACK_STREAM_TYPE, MSGPACK_TYPE, NDJSON_TYPE } from '@omen/wire'

/** Whether a client takes MessagePack rather than JSON, which is what who says nothing gets. */
export function takesMsgpack(accept: string | undefined): boolean {
  return accept?.includes(MSGPACK_TYPE) === true
}

/** Whether a client takes a stream of MessagePack rather than lines of JSON. */
export function takesMsgpackStream(accept: string | undefined): boolean {
  return accept?.includes(MSGPACK_STREAM_TYPE) === true
}

/** Whether a client takes a stream at all, where there is a document too. */
export function takesStream(accept: string | undefined): boolean {
  return accept?.includes(NDJSON_TYPE) === true || takesMsgpackStream(accept)
}
