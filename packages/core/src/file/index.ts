export { openFlat, saveFlat } from './flat-file.ts'
export { type SectionFileParts, sectionFileParts } from './parts.ts'
export { openSectionFile, openSectionRegion, type SectionFile } from './read.ts'
export { type WriteOptions, writeSectionFile } from './write.ts'
