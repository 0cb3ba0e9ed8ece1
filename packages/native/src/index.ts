export { accelerator, doctor, loadError } from './accelerator.ts'
export { type NativeFiles, nativeFiles } from './files.ts'
