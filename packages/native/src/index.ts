export { accelerator, doctor, loadError } from './accelerator.ts'
