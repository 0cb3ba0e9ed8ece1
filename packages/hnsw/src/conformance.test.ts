import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Accelerator, none, type VectorIndex } from '@omen/core'
import { CLIPPING_EXCEPTIONS, type Exceptions, type IndexSubject, testVectorIndex } from '@omen/core/testing'
import { accelerator, loadError } from '@omen/native'
import { f16, sq8 } from '@omen/quant'
import { afterAll, beforeAll, describe } from 'vitest'
import { Hnsw } from './hnsw.ts'
import type { HnswOptions } from './options.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-hnsw-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const FLOATS = ['l2', 'dot', 'cosine'] as const

interface Kind {
  readonly name: string
  readonly options: Omit<HnswOptions, 'dimension' | 'metric' | 'accelerator'>
  readonly subject?: Partial<IndexSubject>
  readonly exceptions?: Exceptions
}

const KINDS: readonly Kind[] = [
  { name: 'none', options: { quantizer: none() } },
  { name: 'f16', options: { quantizer: f16() }, subject: { metrics: FLOATS } },
  { name: 'sq8', options: { quantizer: sq8() }, subject: { metrics: FLOATS } },
  {
    name: 'sq8, with f16 kept',
    options: { quantizer: sq8(), keep: f16() },
    subject: { metrics: FLOATS, distanceError: 1e-3 },
  },
  {
    name: 'sq8, with nothing kept',
    options: { quantizer: sq8(), keep: 'codes' },
    subject: { metrics: FLOATS, distanceError: 0.03, recall: 0.75, rows: 400 },
    exceptions: {
      ...CLIPPING_EXCEPTIONS,
      'is the same after being saved and opened': 'it adds vectors from elsewhere, beyond the trained range',
    },
  },
]

function subjectOf({ name, options, subject }: Kind, engine: string, by: Accelerator | null): IndexSubject {
  return {
    create: (shape) => Hnsw.create({ ...shape, beam: 100, ...options, accelerator: by }),
    async reopen(index: VectorIndex) {
      const path = join(folder, `${engine}-${name}-${index.shape.metric}-${index.size}`)
      await (index as Hnsw).save(path)
      return await Hnsw.open(path, { quantizers: [f16(), sq8()], accelerator: by })
    },
    recall: 0.95,
    beam: 64,
    rows: 300,
    ...subject,
  }
}

// What the codes are kept beside makes no difference to the walk, and TypeScript is slow.
for (const kind of KINDS.slice(0, 3)) {
  testVectorIndex(`hnsw in TypeScript over ${kind.name}`, subjectOf(kind, 'typescript', null), kind)
}

const native = accelerator()
describe.skipIf(!native)(`native (${loadError() ?? 'the addon is there'})`, () => {
  for (const kind of KINDS) {
    testVectorIndex(`hnsw in C++ over ${kind.name}`, subjectOf(kind, 'native', native ?? null), kind)
  }
})
