import { OmenError } from '@omen/core'
import type { Leaf } from './config.ts'

/** One setting: what it may be, and how it is read from text. */
export interface Setting<T extends Leaf = Leaf> {
  readonly fallback: T
  /** What it may be, for people. */
  readonly takes: string
  /** What it does, for people. */
  readonly says: string
  /** Whether it is an address of a file or folder: then it is read from where the configuration lies. */
  readonly path?: boolean
  /** @throws OmenError `invalid_argument` */
  check(value: unknown): T
  /** The value that a text of the environment or a flag stands for, to be checked. */
  parse(text: string): unknown
}

export function text<const T extends string | undefined>(fallback: T, says: string): Setting<string | T> {
  const takes = 'text'
  return { fallback, takes, says, check: (value) => checkText(value), parse: (text) => text }
}

/** A file or folder. */
export function path(says: string): Setting<string | undefined> {
  return { ...text(undefined, says), takes: 'a path', path: true }
}

export function whole(fallback: number, min: number, max: number, says: string): Setting<number> {
  const takes = `a whole number from ${min} to ${max}`
  return {
    ...{ fallback, takes, says },
    check(value) {
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
      throw refused(takes, value)
    },
    parse: (text) => (/^\d+$/.test(text.trim()) ? Number(text) : text),
  }
}

export function choice<const T extends string>(values: readonly T[], fallback: T, says: string): Setting<T> {
  const takes = values.join(', ')
  return {
    ...{ fallback, takes, says },
    check(value) {
      const found = values.find((each) => each === value)
      if (found === undefined) throw refused(`one of ${takes}`, value)
      return found
    },
    parse: (text) => text,
  }
}

export function flag(fallback: boolean, says: string): Setting<boolean> {
  const takes = 'true or false'
  return {
    ...{ fallback, takes, says },
    check(value) {
      if (typeof value !== 'boolean') throw refused(takes, value)
      return value
    },
    parse: (text) => (text === 'true' || text === '' ? true : text === 'false' ? false : text),
  }
}

export function list(says: string): Setting<readonly string[]> {
  const takes = 'a list, separated by commas'
  return {
    ...{ fallback: [], takes, says },
    check(value) {
      if (!Array.isArray(value)) throw refused(takes, value)
      return value.map(checkText)
    },
    parse: (text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
  }
}

function checkText(value: unknown): string {
  if (typeof value === 'string' && value.length > 0) return value
  throw refused('text', value)
}

function refused(takes: string, value: unknown): OmenError {
  return new OmenError('invalid_argument', `expected ${takes}, got ${JSON.stringify(value) ?? 'nothing'}`)
}
