import { proofSize, prove, randomNumbers } from '@omen/core/testing'
import fc from 'fast-check'
import { test, vi } from 'vitest'
import { COMMANDS, type Command, ModelRun } from './model-run.ts'

// Of rows as small as these the twins in TypeScript make shorter work: no thread has to be woken.
vi.stubEnv('OMEN_NATIVE', 'off')

const SEQUENCES = 2000
const LONG = 200
const SHORT = 40

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom(...COMMANDS),
  seed: fc.noShrink(fc.nat()),
})

/** Short ones come first: what fails in one of them is easier to understand. */
const LENGTHS = [
  { maxLength: SHORT, size: 'max' },
  { minLength: LONG, maxLength: LONG, size: 'max' },
] as const

test('any sequence of changes, searches, maintenance and crashes equals a map and comparing every row', async () => {
  await prove('any sequence equals a map', { seed: 77 }, async (proof) => {
    const tried = { sequences: 0, long: 0, commands: 0 }
    for (const length of LENGTHS) {
      await fc.assert(
        fc.asyncProperty(fc.array(command, length), async (sequence) => {
          const run = await ModelRun.start(randomNumbers, { limits: { sealRows: 24 } })
          for (const each of sequence) await run.run(each)
          await run.end()
          tried.sequences++
          tried.commands += sequence.length
          if (sequence.length === LONG) tried.long++
          proof.shown = `${tried.commands} commands in ${tried.sequences} sequences, ${tried.long} of them of ${LONG}`
        }),
        { seed: proof.seed, numRuns: proofSize(SEQUENCES) },
      )
    }
  })
}, 2_400_000)
