import { MemoryLog, type MemoryLogRecords } from './log.ts'
import { MemoryStorage } from './memory-storage.ts'
import { testLog, testStorageBackend } from './testing/index.ts'

testStorageBackend('in memory', { create: () => new MemoryStorage(), reopen: (storage) => storage })

const kept = new WeakMap<object, MemoryLogRecords>()
const openLog = (records: MemoryLogRecords): MemoryLog => {
  const log = new MemoryLog(records)
  kept.set(log, records)
  return log
}
testLog('in memory', {
  create: () => openLog({ firstSequence: 1, records: [] }),
  reopen: (log) => openLog(kept.get(log) ?? { firstSequence: 1, records: [] }),
})
