import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../testing/files.ts'
import { type DownloadOptions, download } from './download.ts'
import { Random } from './random.ts'

const random = new Random(3)
const BODY = Buffer.from(Uint8Array.from({ length: 300_000 }, () => random.below(256)))
const SHA256 = createHash('sha256').update(BODY).digest('hex')

interface ServerOptions {
  /** Whether it answers requests for a range. */
  ranges?: boolean
  /** The connection breaks after so many bytes, this many times. */
  breakAfter?: number
  breaks?: number
  etag?: () => string
  body?: () => Buffer
  status?: number
}

interface Served {
  url: string
  /** The ranges that were asked for. */
  asked: (string | undefined)[]
  /** To be told of the download's progress: it breaks the connection once all that was sent has arrived. */
  onProgress: NonNullable<DownloadOptions['onProgress']>
}

/** Starts a server with one file. */
async function serve(options: ServerOptions = {}): Promise<Served> {
  const asked: (string | undefined)[] = []
  let breaks = options.breaks ?? 0
  let sent = 0
  let breaking: ServerResponse | undefined
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { range } = request.headers
    asked.push(range)
    if (options.status) {
      response.writeHead(options.status).end('no')
      return
    }
    const body = options.body?.() ?? BODY
    const etag = options.etag?.() ?? '"one"'
    const valid = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
    const start = options.ranges !== false && range && valid ? Number(/\d+/.exec(range)?.[0]) : 0
    if (start >= body.length) {
      response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end()
      return
    }
    const part = body.subarray(start)
    const headers = { etag, 'content-length': part.length }
    if (start > 0) {
      const contentRange = `bytes ${start}-${body.length - 1}/${body.length}`
      response.writeHead(206, { ...headers, 'content-range': contentRange })
    } else response.writeHead(200, headers)
    if (breaks > 0 && options.breakAfter !== undefined) {
      breaks--
      sent = start + options.breakAfter
      breaking = response
      response.write(part.subarray(0, options.breakAfter))
    } else response.end(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`,
    asked,
    onProgress: ({ done }) => {
      if (done < sent) return
      breaking?.destroy()
      breaking = undefined
    },
  }
}

function options(url: string, more: Partial<DownloadOptions> = {}): DownloadOptions {
  return { url, target: join(temporaryFolder(), 'deep', 'file'), retryDelayMs: 1, ...more }
}

test('downloads a file, tells its progress, and checks it', async () => {
  const { url } = await serve()
  const seen: number[] = []
  const given = options(url, { sha256: SHA256, onProgress: ({ done, total }) => seen.push(done / total) })
  expect(await download(given)).toEqual({ sha256: SHA256, verified: 'checksum' })
  expect(readFileSync(given.target).equals(BODY)).toBe(true)
  expect(seen.at(-1)).toBe(1)
  expect(existsSync(`${given.target}.part`)).toBe(false)
  expect(existsSync(`${given.target}.part.json`)).toBe(false)
})

test('goes on where a broken connection ended', async () => {
  const { url, asked, onProgress } = await serve({ breakAfter: 100_000, breaks: 2 })
  const given = options(url, { sha256: SHA256, onProgress })
  await download(given)
  expect(readFileSync(given.target).equals(BODY)).toBe(true)
  expect(asked).toEqual([undefined, 'bytes=100000-', 'bytes=200000-'])
})

test('goes on where an earlier process ended', async () => {
  const { url, asked, onProgress } = await serve({ breakAfter: 100_000, breaks: 1 })
  const given = options(url, { sha256: SHA256, attempts: 1, onProgress })
  await expect(download(given)).rejects.toThrow(expect.objectContaining({ code: 'io' }))
  expect(existsSync(given.target)).toBe(false)
  await download(given)
  expect(readFileSync(given.target).equals(BODY)).toBe(true)
  expect(asked).toEqual([undefined, 'bytes=100000-'])
})

test('starts over when the server cannot go on', async () => {
  const { url, onProgress } = await serve({ ranges: false, breakAfter: 100_000, breaks: 1 })
  const given = options(url, { sha256: SHA256, onProgress })
  await download(given)
  expect(readFileSync(given.target).equals(BODY)).toBe(true)
})

test('starts over when the file on the server has changed meanwhile', async () => {
  const other = Buffer.from(BODY).reverse()
  let changed = false
  const { url, onProgress } = await serve({
    breakAfter: 100_000,
    breaks: 1,
    etag: () => (changed ? '"two"' : '"one"'),
    body: () => (changed ? other : BODY),
  })
  const given = options(url, { attempts: 1, onProgress })
  await expect(download(given)).rejects.toThrow()
  changed = true
  await download(given)
  expect(readFileSync(given.target).equals(other)).toBe(true)
})

test('accepts a part that is complete already', async () => {
  const { url } = await serve()
  const given = options(url, { sha256: SHA256 })
  await download(given)
  writeFileSync(`${given.target}.part`, BODY)
  writeFileSync(`${given.target}.part.json`, JSON.stringify({ url, validator: '"one"' }))
  expect(await download(given)).toMatchObject({ verified: 'checksum' })
})

test('starts over when the part is longer than the file', async () => {
  const { url } = await serve()
  const given = options(url, { sha256: SHA256 })
  await download(given)
  writeFileSync(`${given.target}.part`, Buffer.concat([BODY, BODY]))
  writeFileSync(`${given.target}.part.json`, JSON.stringify({ url, validator: '"one"' }))
  await download(given)
  expect(readFileSync(given.target).equals(BODY)).toBe(true)
})

test('refuses a file with a wrong checksum and keeps nothing of it', async () => {
  const { url, asked } = await serve()
  const given = options(url, { sha256: '0'.repeat(64) })
  await expect(download(given)).rejects.toThrow(expect.objectContaining({ code: 'checksum_mismatch' }))
  expect(existsSync(given.target)).toBe(false)
  expect(existsSync(`${given.target}.part`)).toBe(false)
  expect(asked).toHaveLength(1)
})

test('without a known checksum records that of the first download, and holds later ones to it', async () => {
  const body = { now: BODY }
  const { url } = await serve({ body: () => body.now })
  const given = options(url)
  expect(await download(given)).toEqual({ sha256: SHA256, verified: 'first' })
  expect(await download(given)).toEqual({ sha256: SHA256, verified: 'recorded' })
  body.now = Buffer.from('something else')
  await expect(download(given)).rejects.toThrow(/the first download had/)
})

test.each([
  [404, 'not_found', 1],
  [403, 'io', 1],
  [503, 'io', 3],
])('gives up on status %i', async (status, code, tries) => {
  const { url, asked } = await serve({ status })
  await expect(download(options(url, { attempts: 3 }))).rejects.toThrow(expect.objectContaining({ code }))
  expect(asked).toHaveLength(tries)
})

test('says which server cannot be reached', async () => {
  const given = options('http://127.0.0.1:9/file', { attempts: 2 })
  await expect(download(given)).rejects.toThrow(/could not download http:\/\/127.0.0.1:9\/file/)
})
