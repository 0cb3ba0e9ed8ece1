import { describe, expect, test } from 'vitest'
import { Bitset } from './bitset.ts'
import { checkQuery, checkSearch, checkWholeNumber, countQueries } from './search-options.ts'
import type { SearchManyOptions } from './vector-index.ts'

const defaults = { beam: 64, rescore: 40 }

describe('checkSearch', () => {
  test('fills in defaults, and raises beam and rescore to k', () => {
    expect(checkSearch({ k: 10 }, defaults)).toEqual({
      k: 10,
      beam: 64,
      epsilon: Infinity,
      rescore: 40,
      settles: false,
      accept: undefined,
      strategy: undefined,
      radius: Infinity,
      signal: undefined,
      threads: undefined,
    })
    expect(checkSearch({ k: 100, beam: 2, rescore: 3 }, defaults)).toMatchObject({ beam: 100, rescore: 100 })
    expect(checkSearch({ k: 1, beam: 2, rescore: 3 }, defaults)).toMatchObject({ beam: 2, rescore: 3 })
  })

  test('lets a walk settle where the defaults do, and no beam was asked for', () => {
    const settling = { ...defaults, settles: true }
    expect(checkSearch({ k: 10 }, settling)).toMatchObject({ settles: true })
    expect(checkSearch({ k: 10, beam: 64 }, settling)).toMatchObject({ settles: false })
  })

  test('ends walks by the epsilon asked for, else by that of the defaults where no beam was asked for', () => {
    const tuned = { ...defaults, epsilon: 0.1 }
    expect(checkSearch({ k: 10 }, tuned)).toMatchObject({ epsilon: 0.1 })
    expect(checkSearch({ k: 10, beam: 64 }, tuned)).toMatchObject({ epsilon: Infinity })
    expect(checkSearch({ k: 10, beam: 64, epsilon: 0 }, tuned)).toMatchObject({ beam: 64, epsilon: 0 })
  })

  test('asks for defaults that follow from k and recall', () => {
    const follow = (k: number, recall = 0): { beam: number; rescore: number } => ({
      beam: k + 100 * recall,
      rescore: 7,
    })
    expect(checkSearch({ k: 2 }, follow)).toMatchObject({ beam: 2, rescore: 7 })
    expect(checkSearch({ k: 2, recall: 0.5 }, follow)).toMatchObject({ beam: 52, rescore: 7 })
    expect(checkSearch({ k: 2, recall: 1 }, defaults)).toMatchObject(defaults)
    expect(checkSearch({ k: 2, beam: 9 }, follow)).toMatchObject({ beam: 9, rescore: 7 })
  })

  test('passes on what it is given, the radius as distances are: in f32', () => {
    const accept = new Bitset(3)
    const { signal } = new AbortController()
    expect(checkSearch({ k: 1, accept, signal, threads: 2, radius: 0.1 }, defaults)).toMatchObject({
      accept,
      signal,
      threads: 2,
      radius: Math.fround(0.1),
    })
  })

  test.each([
    [{ k: 0 }, 'k'],
    [{ k: 2 ** 32 }, 'k'],
    [{ k: 1, beam: Number.NaN }, 'beam'],
    [{ k: 1, rescore: -1 }, 'rescore'],
    [{ k: 1, epsilon: -0.1 }, 'epsilon'],
    [{ k: 1, epsilon: Number.NaN }, 'epsilon'],
    [{ k: 1, epsilon: 0.1, recall: 0.9 }, 'epsilon'],
    [{ k: 1, threads: 0.5 }, 'threads'],
    [{ k: 1, radius: Number.NaN }, 'radius'],
    [{ k: 1, accept: new Uint32Array(1) }, 'accept'],
    [{ k: 1, signal: 'now' }, 'signal'],
    [{ k: 1, efSearch: 3 }, 'efSearch'],
    [undefined, 'options'],
    [{ k: 1, recall: 0 }, 'recall'],
    [{ k: 1, recall: 1.01 }, 'recall'],
    [{ k: 1, recall: Number.NaN }, 'recall'],
    [{ k: 1, recall: '0.9' }, 'recall'],
    [{ k: 1, recall: 0.9, beam: 10 }, 'recall'],
    [{ k: 1, recall: 0.9, rescore: 10 }, 'recall'],
    [null, 'options'],
    [3, 'options'],
  ])('refuses %o, naming %s', (options, name) => {
    const check = (): unknown => checkSearch(options as unknown as SearchManyOptions, defaults)
    expect(check).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    expect(check).toThrow(name)
  })

  test('throws aborted for a signal that has fired', () => {
    const options = { k: 1, signal: AbortSignal.abort() }
    expect(() => checkSearch(options, defaults)).toThrow(expect.objectContaining({ code: 'aborted' }))
  })
})

test('checkQuery wants one vector', () => {
  const shape = { dimension: 2, metric: 'l2' } as const
  checkQuery(new Float32Array(2), shape)
  for (const length of [0, 1, 3, 4]) {
    const check = (): void => checkQuery(new Float32Array(length), shape)
    expect(check).toThrow(expect.objectContaining({ code: 'dimension_mismatch' }))
  }
})

test('countQueries limits what a batch may return', () => {
  const shape = { dimension: 1, metric: 'l2' } as const
  expect(countQueries(new Float32Array(1000), shape, 1000)).toBe(1000)
  const tooMany = (): number => countQueries(new Float32Array(1000), shape, 1_000_000)
  expect(tooMany).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

test('checkWholeNumber returns what it lets pass', () => {
  expect(checkWholeNumber('m', 2 ** 32 - 1)).toBe(2 ** 32 - 1)
  expect(() => checkWholeNumber('m', Infinity)).toThrow('m must be a whole number')
})
