export { type FileStorageOptions, fileStorage } from './file-storage.ts'
export { type FileLog, type FileLogOptions, type LogCounters, openFileLog } from './log/file-log.ts'
export { followLog } from './log/follow.ts'
export {
  type LogRepair,
  type LogRepairOptions,
  type LogReport,
  logDatabaseId,
  repairLog,
  verifyLog,
} from './log/repair.ts'
export type { Damage } from './log/walk.ts'
