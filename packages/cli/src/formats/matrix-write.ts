import { type FileHandle, open } from 'node:fs/promises'
import type { Field, VectorField } from '@omen/schema'
import { createMatrix } from '@omen/vector-files'
import { besidePath } from './format.ts'
import { jsonlWriter } from './jsonl.ts'
import type { RowWriter } from './record.ts'
import { nameOfTemporary } from './temporary.ts'

/** Numbers written at a time. */
const SLICE_NUMBERS = 1 << 18

/** Writes the vectors of one field to a file, and everything else of the rows as JSON lines beside it. */
export async function matrixWriter(
  path: string,
  fields: ReadonlyMap<string, Field>,
  vector: { readonly name: string; readonly field: VectorField },
): Promise<RowWriter & { readonly leftOut: () => number }> {
  const { name, field } = vector
  const others = new Map([...fields].filter(([each]) => each !== name))
  const vectors = nameOfTemporary(path)
  const lines = nameOfTemporary(besidePath(path))
  const matrix = await createMatrix(vectors.path, field.dimension, name)
  const file: FileHandle = await open(lines.path, 'w')
  const json = jsonlWriter(
    others,
    (text) => file.appendFile(text),
    () => file.close(),
  )
  const values = new Float32Array(Math.max(1, Math.floor(SLICE_NUMBERS / field.dimension)) * field.dimension)
  let filled = 0
  let leftOut = 0
  async function flush(): Promise<void> {
    if (filled > 0) await matrix.append(values.subarray(0, filled))
    filled = 0
  }
  return {
    leftOut: () => leftOut,
    async write(row) {
      const components = row[name] as Float32Array | undefined
      if (!components) {
        leftOut++
        return
      }
      values.set(components, filled)
      filled += components.length
      await json.write(row)
      if (filled === values.length) await flush()
    },
    async close() {
      await flush()
      await matrix.close()
      await json.close()
      await lines.complete()
      await vectors.complete()
    },
  }
}
