import { proofSize, prove } from '@omen/core/testing'
import { test, vi } from 'vitest'
import { failingCalls, runFailing } from './failing-run.ts'

// Of rows as small as these the twins in TypeScript make shorter work: no thread has to be woken.
vi.stubEnv('OMEN_NATIVE', 'off')

test('no call that fails, once or for ever, loses what was acknowledged or shows what was refused', async () => {
  await prove('failing calls of a database', { seed: 616 }, async (proof) => {
    const tried = { calls: 0, runs: 0 }
    for (let workload = 0; workload < proofSize(1); workload++) {
      const calls = await failingCalls(proof.seed + workload)
      for (const call of calls) {
        await runFailing(proof.seed + workload, call).catch((error: unknown) => {
          const how = `${call.code} ${call.forever ? 'from then on' : 'once'}`
          throw new Error(`call ${call.at} fails, ${how}: ${String(error)}`, { cause: error })
        })
        tried.runs++
        if (call.code === 'EIO' && !call.forever) tried.calls++
        proof.shown = `${tried.calls} calls, each failing once and from then on: ${tried.runs} runs, opened 3 ways each`
      }
    }
  })
}, 600_000)
