import { expect } from 'vitest'
import type { Check } from './check.ts'

/** An object of which some members are replaced: how a bug is planted. */
export function plant<Kind extends object>(good: Kind, members: Partial<Kind>): Kind {
  return new Proxy(good, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name)
      // Private fields belong to the object itself, not to its proxy.
      const member: unknown = Reflect.get(good, name, good)
      return typeof member === 'function' ? member.bind(good) : member
    },
  })
}

/** Runs the check of this name over a good subject, where it must pass, and over a bad one, where it must not. */
export async function expectCaught<Subject>(
  checks: readonly Check<Subject>[],
  name: string,
  good: Subject,
  bad: Subject,
): Promise<void> {
  const check = checks.find((each) => each.name === name)
  if (!check) throw new Error(`no check is called "${name}"`)
  await check.run(good)
  // An error of the subject itself would show nothing: it is the check that must complain.
  await expect(check.run(bad)).rejects.toSatisfy((error) => !(error instanceof TypeError))
}
