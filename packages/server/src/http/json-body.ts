import { isUtf8 } from 'node:buffer'
import { OmenError } from '@omen/core'
import { parse } from 'secure-json-parse'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Reads JSON that came from outside.
 *
 * @throws OmenError `invalid_argument` for what is no UTF-8, no JSON or nested too deeply, and for keys that reach prototypes
 */
export function parseJson(bytes: Buffer, maxDepth: number): unknown {
  if (!isUtf8(bytes)) throw new OmenError('invalid_argument', 'the body is not UTF-8')
  checkDepth(bytes, maxDepth)
  try {
    return parse(bytes.toString('utf8'), null, { protoAction: 'error', constructorAction: 'error' })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OmenError('invalid_argument', `the body is no JSON that is accepted: ${why}`, { cause })
  }
}

/** Counts brackets outside of strings: before anything is parsed, and without recursion. */
function checkDepth(bytes: Buffer, maxDepth: number): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (inString) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    // [ and {, then ] and }, differ in one bit.
    else if ((byte | 0x20) === 0x7b) {
      if (++depth > maxDepth) {
        throw new OmenError('invalid_argument', `the body is nested more than ${maxDepth} levels deep`)
      }
    } else if ((byte | 0x20) === 0x7d) depth--
  }
}
