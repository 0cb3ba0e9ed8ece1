import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { OmenError } from '@omen/core'
import { PRIVATE_FILE, PRIVATE_FOLDER, syncFolder } from '../state/write-file.ts'
import { type AuditedAction, lineOf } from './chain.ts'
import { type AuditFile, auditFile, auditFilesIn } from './files.ts'
import { verifyFiles } from './verify-audit.ts'

const NEWLINE = 0x0a

interface Waiting {
  readonly action: AuditedAction
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

export interface AuditLogOptions {
  /** Whether lines are durable when `record` resolves. */
  readonly sync: boolean
  /** Bytes after which the log goes on in another file. */
  readonly fileBytes: number
}

/** Where the log goes on. */
interface End {
  readonly file: FileHandle
  readonly path: string
  readonly sizeBytes: number
  /** The number and the hash of the last line. */
  readonly number: number
  readonly previous: string
}

/**
 * The record of every action that writes or administers: lines of JSON, each with the hash of the one before, also from file to
 * file. Lines that come while others are being written are written together.
 */
export class AuditLog {
  readonly #folder: string
  readonly #options: AuditLogOptions
  #file: FileHandle
  #path: string
  #sizeBytes: number
  #number: number
  #previous: string
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #failure: OmenError | undefined

  private constructor(folder: string, options: AuditLogOptions, end: End) {
    this.#folder = folder
    this.#options = options
    this.#file = end.file
    this.#path = end.path
    this.#sizeBytes = end.sizeBytes
    this.#number = end.number
    this.#previous = end.previous
  }

  /**
   * Opens the log in a folder, creating both where there is none. A line that was cut short as the process ended is cut off; the
   * last file and the one before are checked, and `verifyAudit` checks all.
   *
   * @throws OmenError `io`, `corrupt_log` when a line is not as it was written
   */
  static async open(folder: string, options: AuditLogOptions): Promise<AuditLog> {
    try {
      await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
      const files = (await auditFilesIn(folder)).slice(-2)
      if (files.length === 0) files.push(auditFile(folder, 1))
      return new AuditLog(folder, options, await openEnd(files))
    } catch (error) {
      if (error instanceof OmenError) throw error
      throw new OmenError('io', `cannot open the audit log in ${folder}`, { cause: error })
    }
  }

  /** What keeps it from recording, if something does: then no action may be taken that would have to be recorded. */
  get failure(): OmenError | undefined {
    return this.#failure
  }

  /**
   * Records an action.
   *
   * @throws OmenError `io`: then it records nothing any more
   */
  async record(action: AuditedAction): Promise<void> {
    if (this.#failure) throw this.#failure
    const written = new Promise<void>((done, failed) => this.#waiting.push({ action, done, failed }))
    this.#writing ??= this.#writeAll()
    await written
  }

  /** Ends it, when everything is written. */
  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }

  async #writeAll(): Promise<void> {
    // What comes in the same turn of the event loop is written together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#write(batch)
        for (const { done } of batch) done()
      } catch (cause) {
        this.#failure = new OmenError('io', `cannot write to ${this.#path}`, { cause })
        for (const { failed } of [...batch, ...this.#waiting]) failed(this.#failure)
        this.#waiting = []
      }
    }
    this.#writing = undefined
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    if (this.#sizeBytes >= this.#options.fileBytes) await this.#beginFile()
    let text = ''
    for (const { action } of batch) {
      const { line, hash } = lineOf(action, this.#number + 1, this.#previous)
      this.#number++
      this.#previous = hash
      text += `${line}\n`
    }
    await this.#file.appendFile(text)
    this.#sizeBytes += Buffer.byteLength(text)
    if (this.#options.sync) await this.#file.datasync()
  }

  /** Goes on in a file of its own. One that a crash leaves empty is where the log goes on then. */
  async #beginFile(): Promise<void> {
    const { path } = auditFile(this.#folder, this.#number + 1)
    const file = await open(path, 'a+', PRIVATE_FILE)
    await this.#file.close()
    this.#file = file
    this.#path = path
    this.#sizeBytes = 0
    if (this.#options.sync) await syncFolder(this.#folder)
  }
}

/** Opens the last of files that follow each other. */
async function openEnd(files: readonly AuditFile[]): Promise<End> {
  const { path } = files.at(-1) as AuditFile
  const file = await open(path, 'a+', PRIVATE_FILE)
  try {
    await cutOffHalfLine(file)
    const { last, lastHash, problem } = await verifyFiles(files)
    if (problem) {
      throw new OmenError(
        'corrupt_log',
        `line ${problem.line} of ${problem.file} was tampered with or damaged (${problem.why}): ` +
          'keep the file for whoever looks into it, and move it away to begin another',
      )
    }
    const { size: sizeBytes } = await file.stat()
    return { file, path, sizeBytes, number: last, previous: lastHash }
  } catch (error) {
    await file.close()
    throw error
  }
}

const BLOCK_BYTES = 65_536

async function cutOffHalfLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  const block = Buffer.alloc(BLOCK_BYTES)
  let end = size
  while (end > 0) {
    const from = Math.max(0, end - BLOCK_BYTES)
    const { bytesRead } = await file.read(block, 0, end - from, from)
    const newline = block.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    if (newline >= 0) {
      end = from + newline + 1
      break
    }
    end = from
  }
  if (end < size) await file.truncate(end)
}
