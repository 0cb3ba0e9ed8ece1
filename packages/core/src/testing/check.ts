import { describe, it } from 'vitest'
import { OmenError, type OmenErrorCode } from '../errors.ts'

/** One thing that every implementation of a seam must do; it throws when the subject does not. */
export interface Check<Subject> {
  readonly name: string
  run(subject: Subject): Promise<void>
}

/** Checks that an implementation cannot pass, by their names, each with the reason. */
export type Exceptions = Readonly<Record<string, string>>

/**
 * Makes a test of every check.
 *
 * @throws Error for an exception that is no check's name or gives no reason
 */
export function register<Subject>(
  suite: string,
  checks: readonly Check<Subject>[],
  subject: Subject,
  exceptions: Exceptions = {},
): void {
  for (const [name, reason] of Object.entries(exceptions)) {
    if (!checks.some((check) => check.name === name))
      throw new Error(`${suite}: no check is called "${name}"`)
    if (!reason.trim()) throw new Error(`${suite}: the exception "${name}" needs a reason`)
  }
  describe(suite, () => {
    for (const { name, run } of checks) {
      const reason = exceptions[name]
      if (reason === undefined) it(name, () => run(subject))
      else it.skip(`${name} (excepted: ${reason})`, () => run(subject))
    }
  })
}

export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Compares as JSON does, typed arrays as lists of numbers. */
export function ensureEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [show(actual), show(expected)]
  ensure(a === b, `${what}: got ${shorten(a)}, expected ${shorten(b)}`)
}

function show(value: unknown): string {
  // `this` is what holds the part: by the time a replacer is given a Buffer, it is no Buffer any more.
  const json: string | undefined = JSON.stringify(value, function (this: Record<string, unknown>, key) {
    const part = this[key]
    if (ArrayBuffer.isView(part) && !(part instanceof DataView)) return Array.from(part as Uint8Array)
    if (typeof part === 'number' && !Number.isFinite(part)) return String(part)
    return part
  })
  // Nothing at all, such as the native description of a codec that has none, is no JSON.
  return json ?? 'undefined'
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** Ensures that a call fails, at once or by its promise, with an OmenError of one of these codes. */
export async function ensureFails(
  call: () => unknown,
  codes: OmenErrorCode | readonly OmenErrorCode[],
  what: string,
): Promise<void> {
  const expected = typeof codes === 'string' ? [codes] : codes
  let outcome = 'no error'
  try {
    await call()
  } catch (error) {
    if (error instanceof OmenError && expected.includes(error.code)) return
    outcome = error instanceof OmenError ? `${error.code}: ${error.message}` : String(error)
  }
  throw new Error(`${what}: got ${outcome}, expected ${expected.join(' or ')}`)
}

/** Ensures that a call fails at once, not by a promise. */
export function ensureThrows(call: () => unknown, code: OmenErrorCode, what: string): void {
  let outcome = 'no error'
  try {
    call()
  } catch (error) {
    if (error instanceof OmenError && error.code === code) return
    outcome = String(error)
  }
  throw new Error(`${what}: got ${outcome}, expected ${code}`)
}
