import { type Schema, vectorFieldNames } from '@omen/schema'
import { UsageError } from '../usage-error.ts'

/** The vector field that is named, or the only one. @throws UsageError */
export function vectorFieldOf(schema: Schema, named: string | undefined): string {
  const names = vectorFieldNames(schema)
  if (named !== undefined && names.includes(named)) return named
  const [only, another] = names
  if (named === undefined && only !== undefined && another === undefined) return only
  const there = names.join(', ') || 'none at all'
  if (named !== undefined) throw new UsageError(`there is no vector field ${named}: there are ${there}`)
  throw new UsageError(`say which vector field with --field: there are ${there}`)
}
