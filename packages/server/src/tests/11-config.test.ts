import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkConfig, loadConfig, resolveConfig } from '../config/load-config.ts'
import { NAMED_SETTINGS } from '../config/settings.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function fileOf(content: unknown): Promise<string> {
  const file = join(folder, 'omen.json')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

describe('a configuration', () => {
  test('of nothing is a server for this machine alone, which asks for keys', () => {
    expect(resolveConfig({})).toMatchObject({
      host: '127.0.0.1',
      auth: { mode: 'keys' },
      metrics: { open: false },
    })
  })

  test('comes from a file, the environment and flags: what comes later counts more', async () => {
    const file = await fileOf({ port: 1, limits: { hits: 1, beam: 1, batch: 1 }, console: { folder: 'web' } })
    const env = { OMEN_SERVER_LIMITS_BEAM: '2', OMEN_SERVER_LIMITS_BATCH: '2', OMEN_NATIVE: 'off', HOME: '/' }
    const { config, settings, problems } = await checkConfig({ file, env, flags: { 'limits-batch': '3' } })
    expect(problems).toEqual([])
    expect(config).toMatchObject({ port: 1, limits: { hits: 1, beam: 2, batch: 3, samples: 1000 } })
    // A path is meant from where the file lies.
    expect(config?.console).toEqual({ enabled: true, folder: join(folder, 'web') })
    const origins = Object.fromEntries(settings.map(({ name, origin }) => [name, origin]))
    expect(origins).toMatchObject({
      'limits.hits': 'file',
      'limits.beam': 'environment',
      'limits.batch': 'flag',
      'limits.samples': 'default',
    })
  })

  test('is refused with everything that is wrong, at once', async () => {
    const file = await fileOf({ prot: 7700, limits: { bodyByte: 1 }, auth: { mode: 'none' }, log: 'all' })
    const env = { OMEN_SERVER_PROT: '1', OMEN_SERVER_PORT: 'http' }
    const { problems, config } = await checkConfig({ file, env, flags: { tracing: 'yes', bodies: '1' } })
    expect(config).toBeUndefined()
    expect(problems).toEqual(
      expect.arrayContaining([
        'there is no setting prot',
        expect.stringContaining('limits.bodyByte'),
        expect.stringContaining('log is an object'),
        'there is no setting OMEN_SERVER_PROT',
        'there is no setting bodies',
        expect.stringContaining('port (environment): expected a whole number'),
        expect.stringContaining('auth.mode (file)'),
        expect.stringContaining('tracing (flag)'),
      ]),
    )
    await expect(loadConfig({ file })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a prototype', '{"__proto__":{"port":1}}'],
  ])('is not %s', async (_, content) => {
    const { problems } = await checkConfig({ file: await fileOf(content) })
    expect(problems).toHaveLength(1)
  })

  test('that opens everything to everybody says so by name', () => {
    const auth = { mode: 'off' } as const
    expect(resolveConfig({ auth }).auth.mode).toBe('off')
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.com']) {
      expect(() => resolveConfig({ host, auth })).toThrow('exposeWithoutAuthentication')
      resolveConfig({ host, auth: { ...auth, exposeWithoutAuthentication: true } })
      resolveConfig({ host })
    }
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1']) resolveConfig({ host, auth })
  })

  test('has no half of TLS or of tokens', () => {
    expect(() => resolveConfig({ tls: { certFile: 'a' } })).toThrow('belong together')
    expect(() => resolveConfig({ tls: { clientCaFile: 'a' } })).toThrow('needs tls.certFile')
    const jwt = { issuer: 'i', audience: 'a' }
    expect(() => resolveConfig({ auth: { jwt } })).toThrow('one of')
    expect(() => resolveConfig({ auth: { jwt: { ...jwt, jwksFile: 'a', secretFile: 'b' } } })).toThrow(
      'one of',
    )
    expect(() => resolveConfig({ auth: { jwt: { issuer: 'i', jwksFile: 'a' } } })).toThrow(
      'issuer and audience',
    )
    resolveConfig({ auth: { jwt: { ...jwt, jwksFile: 'a' } } })
  })
})

test('every setting has names of its own, a default that it takes, and says what it does', () => {
  for (const by of ['name', 'flag', 'variable'] as const) {
    expect(new Set(NAMED_SETTINGS.map((each) => each[by])).size).toBe(NAMED_SETTINGS.length)
  }
  for (const { setting, variable } of NAMED_SETTINGS) {
    if (setting.fallback !== undefined) expect(setting.check(setting.fallback)).toEqual(setting.fallback)
    expect(setting.says).not.toBe('')
    expect(variable).toMatch(/^OMEN_SERVER_[A-Z_]+$/)
  }
})
