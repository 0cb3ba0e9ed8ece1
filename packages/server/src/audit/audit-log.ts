import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { OmenError } from '@omen/core'
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../state/write-file.ts'
import { type AuditedAction, lineOf } from './chain.ts'
import { verifyAudit } from './verify-audit.ts'

const FILE = 'audit.jsonl'
const NEWLINE = 0x0a

interface Waiting {
  readonly action: AuditedAction
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/**
 * The record of every action that writes or administers: lines of JSON, each with the hash of the one before. Lines that come
 * while others are being written are written together.
 */
export class AuditLog {
  readonly #file: FileHandle
  readonly #path: string
  readonly #sync: boolean
  #number: number
  #previous: string
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #failure: OmenError | undefined

  private constructor(file: FileHandle, path: string, sync: boolean, number: number, previous: string) {
    this.#file = file
    this.#path = path
    this.#sync = sync
    this.#number = number
    this.#previous = previous
  }

  /**
   * Opens the log in a folder, creating both where there is none. A line that was cut short as the process ended is cut off.
   *
   * @param sync whether lines are durable when `record` resolves
   * @throws OmenError `io`, `corrupt_log` when a line is not as it was written
   */
  static async open(folder: string, sync: boolean): Promise<AuditLog> {
    const path = join(folder, FILE)
    try {
      await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
      const file = await open(path, 'a+', PRIVATE_FILE)
      try {
        await cutOffHalfLine(file)
        const { records, lastHash, problem } = await verifyAudit(path)
        if (problem) {
          throw new OmenError(
            'corrupt_log',
            `line ${problem.line} of ${path} was tampered with or damaged (${problem.why}): ` +
              'keep the file for whoever looks into it, and move it away to begin another',
          )
        }
        return new AuditLog(file, path, sync, records, lastHash)
      } catch (error) {
        await file.close()
        throw error
      }
    } catch (error) {
      throw error instanceof OmenError ? error : new OmenError('io', `cannot open ${path}`, { cause: error })
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
    let text = ''
    for (const { action } of batch) {
      const { line, hash } = lineOf(action, this.#number + 1, this.#previous)
      this.#number++
      this.#previous = hash
      text += `${line}\n`
    }
    await this.#file.appendFile(text)
    if (this.#sync) await this.#file.datasync()
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
