import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import { test, vi } from 'vitest'
import { crashEverywhere, cutRecoveries, record } from './crash-run.ts'

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

const RECOVERED_STEPS = 12

test('no power cut while it recovers from another loses what was acknowledged, or what it showed', async () => {
  await prove('power cuts during recovery', { seed: 20_240_603 }, async (proof) => {
    const figures = { recoveries: 0, cuts: 0, distinct: 0 }
    for (let workload = 0; workload < proofSize(1); workload++) {
      const random = randomNumbers(proof.seed + workload)
      const recording = await record(random, RECOVERED_STEPS)
      await cutRecoveries(recording, random, figures).finally(() => {
        const { cuts, distinct, recoveries } = figures
        proof.shown = `${cuts} cuts at every operation of ${recoveries} recoveries, ${distinct} distinct`
      })
    }
  })
}, 600_000)
