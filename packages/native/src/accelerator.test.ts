import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Doctor } from '@omen/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { accelerator, doctor, loadError } from './accelerator.ts'

const missing = loadError()
const addon = fileURLToPath(new URL('../build/Release/omen_native.node', import.meta.url))

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('without the addon', () => {
  it('there is no accelerator, a reason, and a doctor that says so', async () => {
    vi.stubEnv('OMEN_NATIVE', 'off')
    vi.resetModules()
    const fresh = await import('./accelerator.ts')
    expect(fresh.accelerator()).toBeUndefined()
    expect(fresh.loadError()).toMatch(/OMEN_NATIVE=off/)
    expect(fresh.doctor()).toMatchObject({
      kernels: 'typescript',
      available: ['typescript'],
      compiler: 'none',
    })
  })
})

describe.skipIf(missing)(`with the addon (skipped: ${missing ?? 'no'})`, () => {
  it('the accelerator is one and the same', () => {
    expect(accelerator()).toBeDefined()
    expect(accelerator()).toBe(accelerator())
  })

  it('the doctor names the best kernels of this processor', () => {
    const report = doctor()
    expect(report.available.at(-1)).toBe('serial')
    expect(report.threads).toBeGreaterThan(0)
    expect([4096, 16_384, 65_536]).toContain(report.pageSizeBytes)
    expect(['always', 'madvise', 'never', 'unknown']).toContain(report.hugePages)
    expect(report.compiler).toMatch(/^(gcc|clang|msvc) /)
  })

  it('OMEN_KERNELS chooses among the sets, and is refused by name when there is no such set', () => {
    expect(doctorUnder('serial')).toMatchObject({ kernels: 'serial' })
    expect(doctorUnder('serial').refused).toBeUndefined()
    const { available } = doctor()
    expect(doctorUnder('quantum')).toMatchObject({ kernels: available[0], refused: 'quantum' })
    expect(doctorUnder('')).toMatchObject({ kernels: available[0] })
  })
})

/** The doctor's report in a process of its own, since the choice is made once. */
function doctorUnder(kernels: string): Doctor {
  const script = 'console.log(JSON.stringify(require(process.argv[1]).doctor()))'
  const env = { ...process.env, OMEN_KERNELS: kernels }
  return JSON.parse(execFileSync(process.execPath, ['-e', script, addon], { env, encoding: 'utf8' }))
}
