import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { proofSize, prove } from './index.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-proof-'))
  vi.stubEnv('OMEN_PROOFS', folder)
  vi.stubEnv('OMEN_SEED', undefined)
  vi.stubEnv('OMEN_PROOF_SIZE', undefined)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function lines(): Promise<unknown[]> {
  const names = await readdir(folder)
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))))
}

test('a proof leaves a line that says what was shown', async () => {
  await prove('nothing breaks', { seed: 7 }, async (proof) => {
    proof.shown = `3 times with ${proof.seed}`
  })
  expect(await lines()).toEqual([
    {
      name: 'nothing breaks',
      seed: 7,
      shown: '3 times with 7',
      seconds: expect.any(Number),
      outcome: 'holds',
    },
  ])
})

test('a proof that fails leaves a line too, and names its seed', async () => {
  const failing = prove('all breaks', { seed: 7 }, async (proof) => {
    proof.shown = '1 of 3'
    throw new Error('it broke')
  })
  await expect(failing).rejects.toThrow(/OMEN_SEED=7\nit broke/)
  expect(await lines()).toMatchObject([{ shown: '1 of 3', outcome: 'FAILS' }])
})

test('a proof takes its seed from the environment', async () => {
  vi.stubEnv('OMEN_SEED', '42')
  const seeds: number[] = []
  await prove('seeded', { seed: 7 }, async ({ seed }) => void seeds.push(seed))
  await prove('not random', {}, async ({ seed }) => void seeds.push(seed))
  expect(seeds).toEqual([42, 0])
  vi.stubEnv('OMEN_SEED', 'x')
  await expect(prove('seeded', { seed: 7 }, async () => undefined)).rejects.toThrow('OMEN_SEED')
})

test('the size of proofs is a factor', () => {
  expect(proofSize(10)).toBe(10)
  vi.stubEnv('OMEN_PROOF_SIZE', '0.01')
  expect([proofSize(1000), proofSize(10)]).toEqual([10, 1])
  vi.stubEnv('OMEN_PROOF_SIZE', '-1')
  expect(() => proofSize(10)).toThrow('OMEN_PROOF_SIZE')
})
