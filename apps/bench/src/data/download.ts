import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Progress } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'

/** What to fetch, and how to know that it is right. */
export interface DownloadOptions {
  readonly url: string
  /** The file to write; until it is complete and checked, `<target>.part` grows in its place. */
  readonly target: string
  /** Hexadecimal; left out when nobody has published one. */
  readonly sha256?: string | undefined
  readonly onProgress?: (progress: Progress) => void
  /** Tries in a row that may bring nothing; each one resumes where the last ended. */
  readonly attempts?: number
  readonly retryDelayMs?: number
}

/** How a file was found to be right. */
export type Verified = 'checksum' | 'recorded' | 'first'

/** What came of a download. */
export interface Downloaded {
  readonly sha256: string
  /**
   * `checksum`: it has the known one; `recorded`: the same as when it was first downloaded here; `first`: there was
   * nothing to compare with, and its checksum is now recorded in `<target>.sha256`.
   */
  readonly verified: Verified
}

/** Which version of the file the part belongs to, in the server's words. */
interface PartOrigin {
  readonly url: string
  readonly validator: string | null
}

/**
 * Downloads a file: resumes an interrupted download where the server can, checks the result, and only then gives it
 * its name.
 *
 * @throws OmenError `not_found` (404), `io` (other answers, a broken connection), `checksum_mismatch`: then the part is
 * removed, `disk_full`
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const { target, attempts = 5, retryDelayMs = 1000 } = options
  mkdirSync(dirname(target), { recursive: true })
  for (let failed = 0; ; ) {
    const before = partSize(target)
    try {
      await fetchRest(options)
      return await accept(options)
    } catch (error) {
      if (error instanceof OmenError && error.code !== 'io') throw error
      // A server that hands out a little at a time may take as many tries as it likes.
      failed = partSize(target) > before ? 1 : failed + 1
      if (failed >= attempts || isFinal(error)) throw asDownloadError(options.url, error)
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs * failed))
    }
  }
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

/** Asks for what is missing of the part and appends it; starts over when the server cannot or will not go on. */
async function fetchRest({ url, target, onProgress }: DownloadOptions): Promise<void> {
  const origin = readOrigin(target)
  const have = origin?.url === url ? partSize(target) : 0
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (have > 0) {
    headers.range = `bytes=${have}-`
    if (origin?.validator) headers['if-range'] = origin.validator
  }
  const response = await fetch(url, { headers })
  const range = /^bytes (\d+)-\d*\/(\d+|\*)/.exec(response.headers.get('content-range') ?? '')
  const resumed = response.status === 206 && Number(range?.[1]) === have
  if (response.status === 416 || (response.status === 206 && !resumed)) {
    await response.body?.cancel()
    const whole = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1])
    if (response.status === 416 && have > 0 && whole === have) return
    discardPart(target)
    throw new OmenError('io', `the server does not continue ${url}; starting over`)
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel()
    const code = response.status === 404 || response.status === 410 ? 'not_found' : 'io'
    throw new OmenError(code, `${url} answered ${response.status} ${response.statusText}`, {
      cause: response.status,
    })
  }
  if (!resumed) discardPart(target)
  const strong = (tag: string | null): string | null => (tag?.startsWith('W/') ? null : tag)
  const validator = strong(response.headers.get('etag')) ?? response.headers.get('last-modified')
  writeFileSync(`${target}.part.json`, JSON.stringify({ url, validator } satisfies PartOrigin))
  const start = resumed ? have : 0
  const length = response.headers.get('content-length')
  const total = length === null ? 0 : start + Number(length)
  let done = start
  // Each piece is written before the next is asked for, so that a connection that breaks costs nothing that arrived.
  const part = await open(`${target}.part`, 'a')
  try {
    for await (const chunk of Readable.fromWeb(response.body as never)) {
      await part.writeFile(chunk as Buffer)
      done += (chunk as Buffer).length
      onProgress?.({ done, total })
    }
  } finally {
    await part.close()
  }
  if (total > 0 && done !== total) throw new OmenError('io', `${url} ended after ${done} of ${total} bytes`)
}

async function accept({ url, target, sha256 }: DownloadOptions): Promise<Downloaded> {
  const found = await sha256File(`${target}.part`)
  const record = `${target}.sha256`
  const recorded = existsSync(record) ? readFileSync(record, 'utf8').trim() : undefined
  const expected = sha256 ?? recorded
  if (expected !== undefined && found !== expected) {
    discardPart(target)
    const why = sha256 ? 'its known checksum is' : `the first download had, as ${record} says,`
    throw new OmenError('checksum_mismatch', `${url} has SHA-256 ${found}, but ${why} ${expected}`)
  }
  if (expected === undefined) writeFileSync(record, `${found}\n`)
  renameSync(`${target}.part`, target)
  rmSync(`${target}.part.json`, { force: true })
  return { sha256: found, verified: sha256 ? 'checksum' : recorded ? 'recorded' : 'first' }
}

function readOrigin(target: string): PartOrigin | undefined {
  try {
    return JSON.parse(readFileSync(`${target}.part.json`, 'utf8')) as PartOrigin
  } catch {
    return undefined
  }
}

function partSize(target: string): number {
  return statSync(`${target}.part`, { throwIfNoEntry: false })?.size ?? 0
}

function discardPart(target: string): void {
  rmSync(`${target}.part`, { force: true })
  rmSync(`${target}.part.json`, { force: true })
}

/** Whether trying again would give the same: a server that refuses, or a disk that is full. */
function isFinal(error: unknown): boolean {
  const status = error instanceof OmenError && typeof error.cause === 'number' ? error.cause : 0
  return (status >= 400 && status < 500 && status !== 408 && status !== 429) || diskFull(error)
}

const diskFull = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOSPC'

function asDownloadError(url: string, error: unknown): OmenError {
  if (error instanceof OmenError) return error
  if (diskFull(error)) return new OmenError('disk_full', `no space is left for ${url}`, { cause: error })
  const cause = (error as Error).cause ?? error
  return new OmenError('io', `could not download ${url}: ${(cause as Error).message ?? String(cause)}`, {
    cause: error,
  })
}
