import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readRegistry } from './data/registry.ts'
import { ENGINE_NAMES } from './engines/index.ts'
import { benchmarksFolder } from './paths.ts'
import { temporaryFile } from './testing/files.ts'
import { parseWorkload, readWorkload, workloadOn } from './workload.ts'

const least = { datasets: ['d'], engines: [{ engine: 'omen-hnsw' }] }

describe.each(readdirSync(benchmarksFolder).filter((file) => file.endsWith('.json')))(
  'benchmarks/%s',
  (file) => {
    test('is a workload over engines and data sets that exist', () => {
      const workload = readWorkload(file.replace('.json', ''))
      const names = readRegistry().map(({ name }) => name)
      for (const { engine } of workload.engines) expect(ENGINE_NAMES).toContain(engine)
      for (const dataset of workload.datasets) expect(names).toContain(dataset)
      for (const { beams } of workload.engines) expect(beams).not.toHaveLength(0)
    })
  },
)

test('what a workload leaves out is filled in', () => {
  const workload = parseWorkload(least, 'w')
  expect(workload).toMatchObject({ title: 'w', k: 10, rounds: 3, yardstick: 'omen-hnsw', seed: 42 })
  expect(workload.engines[0]).toMatchObject({ id: 'omen-hnsw', m: 16, buildBeam: 200 })
  expect(workload.engines[0]?.beams).toContain(64)
  expect(parseWorkload({ ...least, beams: [5] }, 'w').engines[0]?.beams).toEqual([5])
})

test('an engine may have other settings on a data set', () => {
  const engine = { engine: 'omen-hnsw', m: 32, on: { d: { m: 8, techniques: { huge: false } } } }
  const workload = parseWorkload({ ...least, engines: [engine] }, 'w')
  expect(workloadOn(workload, 'd').engines[0]).toMatchObject({
    m: 8,
    buildBeam: 200,
    techniques: { huge: false },
  })
  const other = workloadOn(workload, 'e').engines[0]
  expect(other?.m).toBe(32)
  expect(other).not.toHaveProperty('techniques')
})

test.each<[object, RegExp]>([
  [{ ...least, speed: 3 }, /"speed" is unknown; there are/],
  [{ ...least, engines: [{ engine: 'a', ef: 3 }] }, /engines 1: "ef" is unknown/],
  [{ ...least, k: 0 }, /"k" must be a whole number/],
  [{ ...least, beams: [16, 0] }, /"beams" must be whole numbers/],
  [{ ...least, beams: [] }, /"beams" must be a list of numbers/],
  [{ ...least, datasets: 'd' }, /"datasets" must be a list of names/],
  [{ ...least, yardstick: 'other' }, /"yardstick" must be the id of an engine \(omen-hnsw\), not other/],
  [{ ...least, engines: [{ engine: 'a' }, { engine: 'a' }] }, /"engines" names a twice/],
  [{ ...least, engines: [{}] }, /engines 1: "engine" must be a text/],
  [{ ...least, engines: [{ engine: 'a', quantizer: 8 }] }, /"quantizer" must be a text/],
  [{ ...least, claims: [{ figure: 'wow', of: 'omen-hnsw' }] }, /"figure" must be one of/],
  [{ ...least, claims: [{ figure: 'buildSeconds', of: 'x' }] }, /"of" must be the id of an engine/],
  [{ ...least, claims: [{ figure: 'qpsAtRecall', of: 'omen-hnsw' }] }, /"at" is missing/],
  [{ ...least, claims: [{ figure: 'buildSeconds', at: 3, of: 'omen-hnsw' }] }, /"at" means nothing/],
  [{ ...least, batch: 1 }, /"batch" must be true or false/],
  [{ ...least, engines: [{ engine: 'a', techniques: { x: 1 } }] }, /must say true or false for x/],
  [{ ...least, engines: [{ engine: 'a', on: { d: { id: 'b' } } }] }, /a on d: "id" is unknown/],
  [{ ...least, claims: [{ figure: 'distancesAtRecall', of: 'omen-hnsw' }] }, /"at" is missing/],
  [[], /must be an object/],
])('%j is refused', (raw, message) => {
  expect(() => parseWorkload(raw, 'w')).toThrow(message)
})

test('a workload that is not there is refused, naming those that are', () => {
  expect(() => readWorkload('stat')).toThrow(/in benchmarks\/ there are .*start\.json/)
  expect(() => readWorkload(temporaryFile('w.json', '{'))).toThrow(/is no JSON/)
})
