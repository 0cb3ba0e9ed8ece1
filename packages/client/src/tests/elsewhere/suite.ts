// What of vitest the suites use, in a form that runs wherever JavaScript does: bundles have it in place of vitest.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
} from '@vitest/expect'
import * as chai from 'chai'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

export const expect: typeof chai.expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  (globalThis as unknown as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT],
)

interface Test {
  readonly name: string
  readonly run: () => Promise<void> | void
}

/** How the tests went. */
export interface Outcome {
  readonly passed: number
  readonly failures: readonly { readonly name: string; readonly error: string }[]
}

const tests: Test[] = []
const around: string[] = []

export function describe(name: string, define: () => void): void {
  around.push(name)
  define()
  around.pop()
}

export function test(name: string, run: Test['run']): void {
  tests.push({ name: [...around, name].join(' > '), run })
}

/** Runs what was defined, one after another. */
export async function runTests(): Promise<Outcome> {
  const failures: Outcome['failures'][number][] = []
  for (const { name, run } of tests) {
    try {
      await run()
    } catch (error) {
      failures.push({ name, error: error instanceof Error ? (error.stack ?? String(error)) : String(error) })
    }
  }
  return { passed: tests.length - failures.length, failures }
}
