import { parse } from 'node:querystring'

/** Query strings that are remembered: clients ask the same ones again and again. */
const REMEMBERED = 256
const MAX_CHARACTERS = 1024

export type Query = Readonly<Record<string, unknown>>

/**
 * Makes what reads query strings.
 *
 * @returns a function that gives the same object for the same text, so that whatever was found out about it need not be found
 * out again; nobody may change it
 */
export function queryStringReader(): (text: string) => Query {
  const remembered = new Map<string, Query>()
  return (text) => {
    const known = remembered.get(text)
    if (known) return known
    const query: Query = Object.freeze(parse(text))
    if (text.length <= MAX_CHARACTERS) {
      if (remembered.size >= REMEMBERED) remembered.clear()
      remembered.set(text, query)
    }
    return query
  }
}
