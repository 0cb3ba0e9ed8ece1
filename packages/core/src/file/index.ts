export { openFlat, saveFlat } from './flat-file.ts'
export { openSectionFile, type SectionFile } from './read.ts'
export { type WriteOptions, writeSectionFile } from './write.ts'
