export {
  type Component,
  componentBytes,
  type Matrix,
  malformed,
  type NumberArray,
  readNumbers,
  toFloats,
  writeNumbers,
} from './bytes.ts'
export { type Hdf5File, type Hdf5Matrix, openHdf5 } from './hdf5.ts'
export type { MatrixFile } from './matrix-file.ts'
export { MATRIX_EXTENSIONS, openMatrix, readMatrix } from './open-matrix.ts'
export { createMatrix, type MatrixWriter } from './write-matrix.ts'
