import { appendFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditLog } from '../audit/audit-log.ts'
import { BEGINNING } from '../audit/chain.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { DOCS, docs, startServer } from '../testing/start-server.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omen-audit-'))
})
afterAll(() => rm(folder, { recursive: true }))

const action = (i: number): Parameters<AuditLog['record']>[0] => ({
  ...{ time: '2024-01-01T00:00:00.000Z', requestId: `r${i}`, who: 'k', action: 'upsert', status: 200 },
})

const OPTIONS = { sync: false, fileBytes: 2 ** 20 }

async function written(name: string, count: number): Promise<string> {
  const at = join(folder, name)
  const log = await AuditLog.open(at, OPTIONS)
  await Promise.all(Array.from({ length: count }, (_, i) => log.record(action(i))))
  await log.close()
  return join(at, 'audit.jsonl')
}

describe('an audit log', () => {
  test('goes on where it ended', async () => {
    await written('on', 5)
    const file = await written('on', 5)
    const verified = await verifyAudit(file)
    expect(verified).toMatchObject({ records: 10, lastHash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(verified.problem).toBeUndefined()
    const first = JSON.parse((await readFile(file, 'utf8')).split('\n')[0] ?? '') as object
    expect(first).toMatchObject({ number: 1, previous: BEGINNING, who: 'k', action: 'upsert' })
  })

  test.each<[string, (lines: string[]) => string[], number]>([
    ['a change', (lines) => lines.with(3, (lines[3] ?? '').replace('"r3"', '"r9"')), 4],
    ['a line taken out', (lines) => lines.toSpliced(3, 1), 4],
    ['the first line taken out', (lines) => lines.slice(1), 1],
    ['two lines exchanged', (lines) => lines.with(3, lines[4] ?? '').with(4, lines[3] ?? ''), 4],
    ['a line twice', (lines) => lines.toSpliced(3, 0, lines[3] ?? ''), 5],
    ['a line of its own', (lines) => lines.toSpliced(3, 0, '{"number":4}'), 4],
  ])('shows %s', async (name, tamper, line) => {
    const file = await written(name, 8)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    await writeFile(file, `${tamper(lines).join('\n')}\n`)
    expect(await verifyAudit(file)).toMatchObject({ records: line - 1, problem: { line } })
    await expect(AuditLog.open(join(folder, name), OPTIONS)).rejects.toMatchObject({ code: 'corrupt_log' })
  })

  test('shows lines cut off at the end to who kept the last hash', async () => {
    const file = await written('cut', 8)
    const before = await verifyAudit(file)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    await writeFile(file, `${lines.slice(0, 6).join('\n')}\n`)
    expect((await verifyAudit(file)).lastHash).not.toBe(before.lastHash)
  })

  test('cuts off the half of a line that a killed process left', async () => {
    const file = await written('half', 3)
    await appendFile(file, '{"number":4,"time"')
    await written('half', 1)
    expect(await verifyAudit(file)).toMatchObject({ records: 4 })
  })
})

describe('an audit log in several files', () => {
  /** Writes so many records, one after another, into files of a few each. */
  async function inFiles(name: string, count: number): Promise<string[]> {
    const at = join(folder, name)
    const log = await AuditLog.open(at, { sync: true, fileBytes: 800 })
    for (let i = 0; i < count; i++) await log.record(action(i))
    await log.close()
    return (await readdir(at)).sort((a, b) => a.length - b.length || a.localeCompare(b))
  }

  test('goes on from file to file, over restarts too, and is followed', async () => {
    await inFiles('many', 7)
    const files = await inFiles('many', 7)
    expect(files.length).toBeGreaterThan(3)
    expect(files.slice(0, 2)).toEqual(['audit.jsonl', expect.stringMatching(/^audit-00000000000\d\.jsonl$/)])
    const all = await verifyAudit(join(folder, 'many', 'audit.jsonl'))
    expect(all).toEqual({ records: 14, last: 14, lastHash: expect.any(String) })
    // Whoever moved the first files elsewhere follows the rest.
    const third = join(folder, 'many', files[2] ?? '')
    const rest = await verifyAudit(third)
    expect(rest).toEqual({ ...all, records: 15 - Number(/(\d+)\.jsonl$/.exec(third)?.[1]) })
  })

  test('goes on where a crash left the new file empty, or cut its first line short', async () => {
    for (const left of ['', '{"number":']) {
      const name = `left ${left.length}`
      await inFiles(name, 4)
      const { last } = await verifyAudit(join(folder, name, 'audit.jsonl'))
      const next = `audit-${String(last + 1).padStart(12, '0')}.jsonl`
      await writeFile(join(folder, name, next), left)
      await inFiles(name, 2)
      expect(await verifyAudit(join(folder, name, 'audit.jsonl'))).toMatchObject({ records: 6 })
    }
  })

  test('shows a file that was taken out, exchanged or begun elsewhere', async () => {
    const at = (name: string, file: string | undefined): string => join(folder, name, file ?? '')
    const [, second, third] = await inFiles('out', 9)
    await rm(at('out', second))
    expect(await verifyAudit(at('out', 'audit.jsonl'))).toMatchObject({
      problem: { file: at('out', third), line: 1 },
    })
    await inFiles('exchanged', 9)
    await rename(at('exchanged', second), at('exchanged', 'kept'))
    await rename(at('exchanged', third), at('exchanged', second))
    expect(await verifyAudit(at('exchanged', 'audit.jsonl'))).toMatchObject({
      problem: { file: at('exchanged', second), line: 1 },
    })
    const others = await inFiles('others', 9)
    await inFiles('mixed', 9)
    const other = others.at(-1)
    const forged = (await readFile(at('others', other), 'utf8')).replace('"r8"', '"r9"')
    await writeFile(at('mixed', other), forged)
    await expect(inFiles('mixed', 1)).rejects.toMatchObject({ code: 'corrupt_log' })
  })
})

test('a server records what was done, by whom, and what was refused', async () => {
  const state = join(folder, 'server')
  const server = await startServer({ state })
  await server.db.collection('docs', DOCS)
  const key = await server.key({ docs: 'read' })
  await server.call('POST', '/v1/collections/docs/upsert', { rows: docs(3) })
  await server.call('POST', '/v1/collections/docs/upsert', { rows: [{ id: 'x' }] })
  await server.call('POST', '/v1/collections/docs/search', { vector: { embedding: [0, 0, 0, 0] } })
  await server.call('DELETE', '/v1/collections/docs', undefined, { key })
  await server.call('DELETE', '/v1/collections/docs')
  await server.close()
  const file = join(state, 'audit.jsonl')
  expect((await verifyAudit(file)).problem).toBeUndefined()
  const lines = (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toMatchObject([
    { action: 'upsert', collection: 'docs', status: 200, effect: { written: 3 } },
    { action: 'upsert', status: 400, code: 'invalid_argument' },
    { action: 'dropCollection', status: 403, code: 'forbidden' },
    { action: 'dropCollection', status: 200, effect: { dropped: true } },
  ])
  expect(lines[2].who).not.toBe(lines[3].who)
})
