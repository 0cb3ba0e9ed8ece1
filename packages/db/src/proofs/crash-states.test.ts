import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import { test, vi } from 'vitest'
import { crashEverywhere, record } from './crash-run.ts'

// Of rows as small as these the twins in TypeScript make shorter work: no thread has to be woken.
vi.stubEnv('OMEN_NATIVE', 'off')

const WORKLOADS = 3
const STEPS = 30
const STATES_PER_POINT = 8

test('no power cut loses what was acknowledged, or shows what was not asked for', async () => {
  await prove('crash states of a database', { seed: 20_240_601 }, async (proof) => {
    const figures = { states: 0, distinct: 0 }
    for (let workload = 0; workload < proofSize(WORKLOADS); workload++) {
      const random = randomNumbers(proof.seed + workload)
      const recording = await record(random, STEPS)
      await crashEverywhere(recording, random, STATES_PER_POINT, figures).finally(() => {
        proof.shown = `${figures.states} states, ${figures.distinct} distinct, each opened twice`
      })
    }
  })
}, 600_000)
