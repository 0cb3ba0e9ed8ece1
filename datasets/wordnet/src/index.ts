export { type Encoder, openEncoder } from './encoder.ts'
export { mostUsedFirst } from './selection.ts'
export { dictionaryFolder, type PartOfSpeech, readWordnet, type Synset } from './wordnet.ts'
