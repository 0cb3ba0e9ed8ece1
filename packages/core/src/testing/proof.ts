import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A line of the table that `npm test` prints: what was tried to break, how often, and how that went. */
export interface Proof {
  readonly name: string
  /** What the random choices follow from; 0 where there are none. */
  readonly seed: number
  /** How much was tried, for people: kept up while it goes on, so that a failure too says how far it came. */
  shown: string
}

/** How a proof is made. */
export interface ProofOptions {
  /** Used unless the environment variable `OMEN_SEED` says another; left out where nothing is random. */
  readonly seed?: number
}

/**
 * Runs a proof. Where the environment variable `OMEN_PROOFS` names a folder, a file in it says how it went: lines of a table,
 * written also when it fails.
 *
 * @throws what `work` throws, with the seed to repeat it by in front of the message
 */
export async function prove(
  name: string,
  { seed = 0 }: ProofOptions,
  work: (proof: Proof) => Promise<void>,
): Promise<void> {
  const proof: Proof = { name, seed: seed === 0 ? 0 : seedOr(seed), shown: 'nothing' }
  const began = performance.now()
  try {
    await work(proof)
    await keep(proof, began, 'holds')
  } catch (error) {
    await keep(proof, began, 'FAILS')
    if (error instanceof Error && proof.seed !== 0) {
      error.message = `${name}: repeat it with OMEN_SEED=${proof.seed}\n${error.message}`
    }
    throw error
  }
}

/** How often something is to be tried: `count`, times the environment variable `OMEN_PROOF_SIZE` where that is set. */
export function proofSize(count: number): number {
  const size = Number(process.env.OMEN_PROOF_SIZE ?? 1)
  if (!(size > 0)) throw new Error(`OMEN_PROOF_SIZE is a number above 0, got ${process.env.OMEN_PROOF_SIZE}`)
  return Math.max(1, Math.round(count * size))
}

function seedOr(seed: number): number {
  const given = process.env.OMEN_SEED
  if (given === undefined) return seed
  if (!/^[1-9]\d{0,8}$/.test(given)) throw new Error(`OMEN_SEED is a whole number above 0, got ${given}`)
  return Number(given)
}

async function keep(proof: Proof, began: number, outcome: string): Promise<void> {
  const folder = process.env.OMEN_PROOFS
  if (!folder) return
  await mkdir(folder, { recursive: true })
  const line = { ...proof, seconds: (performance.now() - began) / 1000, outcome }
  await writeFile(join(folder, `${proof.name.replaceAll(/\W+/g, '-')}.json`), `${JSON.stringify(line)}\n`)
}
