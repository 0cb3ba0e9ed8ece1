import type { BadRecord, SourceRecord } from '../formats/record.ts'

/** Takes the first records, and gives them again before the others. */
export async function sampleOf(
  records: AsyncGenerator<SourceRecord | BadRecord, void, undefined>,
  most: number,
): Promise<{
  readonly sample: readonly SourceRecord[]
  readonly all: AsyncGenerator<SourceRecord | BadRecord, void, undefined>
}> {
  const taken: (SourceRecord | BadRecord)[] = []
  while (taken.length < most) {
    const { value, done } = await records.next()
    if (done) break
    taken.push(value)
  }
  async function* all(): AsyncGenerator<SourceRecord | BadRecord, void, undefined> {
    yield* taken.splice(0)
    yield* records
  }
  return { sample: taken.filter((record): record is SourceRecord => !('reason' in record)), all: all() }
}
