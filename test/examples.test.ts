import { clusters, testQuantizer } from '@omen/core/testing'
import { Hnsw } from '@omen/hnsw'
import { describe, expect, test, vi } from 'vitest'
import { toy } from '../examples/toy-quantizer.ts'
import { read } from './workspace.ts'

describe('the walk through a quantizer', () => {
  testQuantizer('toy', {
    quantizer: toy(),
    metrics: ['l2', 'dot', 'cosine'],
    bytesPerRow: ({ dimension }) => Math.ceil(dimension / 4),
    // The sign is kept, so a component is off by less than its own size or that of the large code.
    componentError: (x, { parameters }) => Math.max(Math.abs(x), parameters[2] ?? 0),
    recall: 0.6,
    distanceError: 0.6,
  })

  test('ends in an index over its codes, rescored exactly', async () => {
    const { vectors, queries, shape } = clusters('l2', 1000, 24, 1)
    const index = await Hnsw.build({ ...shape, vectors: vectors as Float32Array, quantizer: toy() })
    const { recall } = await index.measureRecall(queries, { k: 10, beam: 128, rescore: 128 })
    index.close()
    expect(recall).toBeGreaterThan(0.95)
  })

  test('is in CONTRIBUTING.md as it is in the file', () => {
    expect(codeBetween('CONTRIBUTING.md', 'toy-quantizer')).toBe(read('examples/toy-quantizer.ts'))
  })
})

describe('the nearest words', () => {
  test('to a misspelt one are spelt alike', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    try {
      await import('../examples/nearest-words.ts')
      const words = log.mock.calls.map(([, word]) => word)
      expect(words).toHaveLength(5)
      expect(words[0]).toBe('licenses')
    } finally {
      log.mockRestore()
    }
  })

  test('are in README.md as they are in the file', () => {
    expect(codeBetween('README.md', 'example')).toBe(read('examples/nearest-words.ts'))
  })
})

/** The code blocks between two markers of a document, as one text. */
function codeBetween(path: string, marker: string): string {
  const section = read(path).split(`<!-- ${marker}:start -->`)[1]?.split(`<!-- ${marker}:end -->`)[0] ?? ''
  return [...section.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code).join('\n')
}
