/** The media types of bodies. */
export const JSON_TYPE = 'application/json'
export const MSGPACK_TYPE = 'application/msgpack'
/** One vector: little-endian f32. */
export const VECTOR_TYPE = 'application/octet-stream'
/** Many documents, each a line of JSON. */
export const NDJSON_TYPE = 'application/x-ndjson'
/** Many documents, each MessagePack behind its length as little-endian u32. */
export const MSGPACK_STREAM_TYPE = 'application/vnd.omen.msgpack-stream'

/** The media type that a header names, without parameters; empty where there is no header. */
export function mediaTypeOf(header: string | null | undefined): string {
  if (header === undefined || header === null) return ''
  const end = header.indexOf(';')
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase()
}
