export { type FileStorageOptions, fileStorage } from './file-storage.ts'
export {
  type FileLog,
  type FileLogOptions,
  type LogCounters,
  openFileLog,
} from './log/file-log.ts'
