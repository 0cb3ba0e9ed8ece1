import { describe } from 'vitest'
import type { DatabaseSubject } from './subject.ts'
import { testCollections } from './test-collections.ts'
import { testLife } from './test-life.ts'
import { testReads } from './test-reads.ts'
import { testSearches } from './test-searches.ts'
import { testWrites } from './test-writes.ts'

export type { DatabaseException, DatabaseSubject, OpenSubject } from './subject.ts'

/** Says of an implementation of `Database` all that the interface promises. */
export function testDatabase(name: string, subject: DatabaseSubject): void {
  describe(name, () => {
    testCollections(subject)
    testWrites(subject)
    testReads(subject)
    testSearches(subject)
    testLife(subject)
  })
}
