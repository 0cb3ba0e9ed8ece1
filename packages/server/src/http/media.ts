/** The media types of bodies. */
export const JSON_TYPE = 'application/json'
export const MSGPACK_TYPE = 'application/msgpack'
/** One vector: little-endian f32. */
export const VECTOR_TYPE = 'application/octet-stream'
/** Many documents, each a line of JSON. */
export const NDJSON_TYPE = 'application/x-ndjson'
/** Many documents, each MessagePack behind its length as little-endian u32. */
export const MSGPACK_STREAM_TYPE = 'application/vnd.omen.msgpack-stream'

/** The media type that a header names, without parameters. */
export function mediaTypeOf(header: string | undefined): string {
  if (header === undefined) return ''
  const end = header.indexOf(';')
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase()
}

/** Whether a client takes MessagePack rather than JSON, which is what who says nothing gets. */
export function takesMsgpack(accept: string | undefined): boolean {
  return accept?.includes(MSGPACK_TYPE) === true
}

/** Whether a client takes a stream of MessagePack rather than lines of JSON. */
export function takesMsgpackStream(accept: string | undefined): boolean {
  return accept?.includes(MSGPACK_STREAM_TYPE) === true
}
