import { readFileSync } from 'node:fs'
import { UsageError } from '../usage-error.ts'

/** A whole number of at least `least`. @throws UsageError naming the option */
export function wholeNumber(option: string, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${option} takes a whole number from ${least} on, got ${JSON.stringify(text)}`)
}

/** A number. @throws UsageError naming the option */
export function decimal(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new UsageError(`--${option} takes a number, got ${JSON.stringify(text)}`)
}

/** Names separated by commas. */
export function nameList(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
}

/** JSON as it was typed. @throws UsageError naming the option, with an example */
export function jsonValue(option: string, text: string | undefined, example: string): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--${option} takes JSON, such as '${example}': ${why}`)
  }
}

/** JSON in a file, or on standard input for `-`. @throws UsageError naming the file */
export function jsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path === '-' ? 0 : path, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${path === '-' ? 'standard input' : path} is not JSON that can be read: ${why}`)
  }
}

/** `column=field` pairs. @throws UsageError naming the option */
export function pairs(option: string, texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.lastIndexOf('=')
      if (at < 1 || at === text.length - 1) {
        throw new UsageError(`--${option} takes column=field, got ${JSON.stringify(text)}`)
      }
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}
