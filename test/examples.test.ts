import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

  test('are in the README of @omen/hnsw as they are in the file', () => {
    expect(codeBetween('packages/hnsw/README.md', 'example')).toBe(read('examples/nearest-words.ts'))
  })
})

describe('the walk through a database', () => {
  test('prints what it says', async () => {
    const printed = await printedBy('../examples/getting-started.ts')
    expect(printed).toEqual([['conflict'], ['c', 'More graphs'], ['a', 'On graphs'], [3, 2], ['c', 2023]])
  })

  test('is in the guide as it is in the file', () => {
    expect(codeBetween('docs/guides/getting-started.md', 'getting-started')).toBe(
      read('examples/getting-started.ts'),
    )
  })
})

describe('the first database', () => {
  test('finds what is meant, in the language and the years asked for', async () => {
    const printed = await printedBy('../examples/first-database.ts')
    expect(printed.map(([, title, year]) => [title, year])).toEqual([
      ['Graph search', 2024],
      ['Sourdough', 2021],
    ])
  })

  test('is in README.md as it is in the file', () => {
    expect(codeBetween('README.md', 'example')).toBe(read('examples/first-database.ts'))
  })
})

/** Runs a program in a folder of its own, and gives what it logged, call by call. */
async function printedBy(path: string): Promise<unknown[][]> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const [before, folder] = [process.cwd(), mkdtempSync(join(tmpdir(), 'omen-example-'))]
  process.chdir(folder)
  try {
    await import(path)
    return log.mock.calls
  } finally {
    process.chdir(before)
    log.mockRestore()
    rmSync(folder, { recursive: true })
  }
}

/** The code blocks between two markers of a document, as one text. */
function codeBetween(path: string, marker: string): string {
  const section = read(path).split(`<!-- ${marker}:start -->`)[1]?.split(`<!-- ${marker}:end -->`)[0] ?? ''
  return [...section.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code).join('\n')
}
