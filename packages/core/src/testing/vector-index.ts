import { type Check, type Exceptions, register } from './check.ts'
import { indexChangeChecks } from './index-change-checks.ts'
import { indexInputChecks } from './index-input-checks.ts'
import { indexSearchChecks } from './index-search-checks.ts'
import type { IndexSubject } from './index-subject.ts'

/** Everything that a `VectorIndex` must do. */
export const vectorIndexChecks: readonly Check<IndexSubject>[] = [
  ...indexSearchChecks,
  ...indexChangeChecks,
  ...indexInputChecks,
]

/** What an index fails whose codes clip whatever lies beyond the range of the vectors that they were trained on. */
export const CLIPPING_EXCEPTIONS: Exceptions = {
  'grows a vector at a time as in one batch':
    'its codes are trained on the first batch, here of a single vector',
  'works in dimensions 1, 3, 17, 65 and 130': 'in one dimension some queries lie beyond the trained range',
}

/**
 * Makes vitest tests out of everything that a `VectorIndex` must do.
 *
 * @param exceptions checks to skip, by name, each with its reason
 */
export function testVectorIndex(
  name: string,
  subject: IndexSubject,
  { exceptions }: { readonly exceptions?: Exceptions } = {},
): void {
  register(`vector index ${name}`, vectorIndexChecks, subject, exceptions)
}
