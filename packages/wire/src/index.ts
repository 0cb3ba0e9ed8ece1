export { VECTOR_EXTENSION } from './check-message-pack.ts'
export { type ErrorBody, errorOf } from './error-body.ts'
export { encodeJson, type ReadRow, rowReader } from './json.ts'
export {
  JSON_TYPE,
  MSGPACK_STREAM_TYPE,
  MSGPACK_TYPE,
  mediaTypeOf,
  NDJSON_TYPE,
  VECTOR_TYPE,
} from './media-types.ts'
export { decodeMsgpack, encodeMsgpack, encodeMsgpackBriefly } from './message-pack.ts'
export { codeOfStatus, STATUS_OF } from './status.ts'
export { frameOf, readFrames, readLines, type StreamItem } from './streams.ts'
export { borrowedVectorOf, bytesOfVector, vectorOf } from './vector-bytes.ts'
