import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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

async function written(name: string, count: number): Promise<string> {
  const at = join(folder, name)
  const log = await AuditLog.open(at, false)
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
    await expect(AuditLog.open(join(folder, name), false)).rejects.toMatchObject({ code: 'corrupt_log' })
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
