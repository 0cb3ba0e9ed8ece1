export { megabytes, type Progress, type ProgressBar, progressBar } from './progress.ts'
export { type Column, table } from './table.ts'
