import { isPlainObject } from '@omen/schema/check'
import { bytesOfVector, encodeJson } from '@omen/wire'

/** A search whose body is the query's components, and whose query string is everything else. */
export interface VectorSearch {
  readonly vector: Uint8Array
  readonly query: Readonly<Record<string, string | undefined>>
}

/** Addresses are best kept shorter than what proxies and servers take. */
const MAX_WHERE_CHARACTERS = 2000
const SETTINGS: readonly string[] = ['limit', 'offset', 'beam', 'exact', 'within', 'explain']

/**
 * Puts a search for one vector into its quickest form.
 *
 * @returns undefined for what only fits in a document, or does not look right: the server says what is wrong with it
 */
export function vectorSearch(query: Readonly<Record<string, unknown>>): VectorSearch | undefined {
  const { vector, where, select, ...settings } = query
  const [[field, components] = [], ...more] = isPlainObject(vector) ? Object.entries(vector) : []
  if (field === undefined || more.length > 0 || !isVector(components)) return undefined
  if (where !== undefined && !isPlainObject(where)) return undefined
  if (select !== undefined && !(Array.isArray(select) && select.every(isName))) return undefined
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined && !(SETTINGS.includes(name) && isSetting(value))) return undefined
  }
  const filter = where && encodeJson(where)
  if (filter !== undefined && filter.length > MAX_WHERE_CHARACTERS) return undefined
  const given = Object.entries(settings).map(([name, value]) => [
    name,
    value === undefined ? undefined : String(value),
  ])
  return {
    vector: bytesOfVector(components instanceof Float32Array ? components : Float32Array.from(components)),
    query: { field, ...Object.fromEntries(given), select: select?.join(','), where: filter },
  }
}

function isVector(value: unknown): value is Float32Array | number[] {
  return value instanceof Float32Array || (Array.isArray(value) && value.every((x) => typeof x === 'number'))
}

function isSetting(value: unknown): boolean {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && !name.includes(',')
}
