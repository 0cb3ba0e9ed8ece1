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
