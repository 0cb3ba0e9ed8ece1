import { OmenError } from '@omen/core'
import { randomNumbers } from '@omen/core/testing'
import { Crashes, type Failure, type Operation, SimulatedDisk } from '@omen/storage-mmap/testing'
import { IDS, keyOf, type Planted, storageFor } from './crash-run.ts'
import { after, Choices, type Model, type Op, textOf } from './subject.ts'
import { expectRows, perform, rowsOf, SubjectDatabase } from './subject-database.ts'

const STEPS = 4
/** Small enough that so few steps fill segments, write them, merge them and trim the log. */
const LIMITS = { sealRows: 6, closeRows: 4 }

/** What one call of a workload, and perhaps every later one, fails with. */
export type FailingCall = Pick<Failure, 'at' | 'code' | 'forever'>

/**
 * Every call that a workload makes of its disk, failing once and for ever, as far as its kind can fail so. Of many writes to
 * a file one after another only the first and the last: what is in between fails as they do.
 */
export async function failingCalls(seed: number): Promise<FailingCall[]> {
  const run = new FailingRun(seed)
  await run.write(undefined)
  const calls: FailingCall[] = []
  for (const [at, operation] of run.operations.entries()) {
    const { kind } = operation
    if (isSameWrite(operation, run.operations[at - 1]) && isSameWrite(operation, run.operations[at + 1]))
      continue
    for (const forever of [false, true]) {
      calls.push({ at, code: 'EIO', forever })
      if (kind === 'write' || kind === 'create') calls.push({ at, code: 'ENOSPC', forever })
    }
  }
  return calls
}

function isSameWrite(one: Operation, other: Operation | undefined): boolean {
  return one.kind === 'write' && other?.kind === 'write' && one.file === other.file
}

/**
 * Runs a workload in which calls of the disk fail, and looks at what is left by it: as it is, as the end of the process leaves
 * it and as a power cut does.
 *
 * @throws Error when rows that were acknowledged are not there, or others than those that may be
 */
export async function runFailing(seed: number, call: FailingCall, planted: Planted = {}): Promise<void> {
  const run = new FailingRun(seed, planted)
  await run.write(call)
  await run.judge()
}

/**
 * A workload that goes on after calls of its disk failed: where nobody knows whether a change was made the database is opened
 * again, as the message says; where the disk is full it goes on.
 */
class FailingRun {
  readonly #disk: SimulatedDisk = new SimulatedDisk()
  readonly #seed: number
  readonly #planted: Planted
  readonly #possible: PossibleRows = new PossibleRows()
  #database: SubjectDatabase | undefined

  constructor(seed: number, planted: Planted = {}) {
    this.#seed = seed
    this.#planted = planted
  }

  get operations(): readonly Operation[] {
    return this.#disk.operations
  }

  async write(failing: FailingCall | undefined): Promise<void> {
    const choices = new Choices(randomNumbers(this.#seed), IDS)
    if (failing) this.#disk.fail({ ...failing, partialBytes: (failing.at * 7) % 300 })
    for (let step = 1; step <= STEPS; step++) {
      const many = step % 2 === 1 ? 3 : 1
      const ops = Array.from(
        { length: many },
        (_, i): Op =>
          many > 1 ? { kind: 'upsert', rows: choices.rows(3, step * 10 + i) } : choices.op(step * 10),
      )
      await this.#orAgain(() => this.#writeSideBySide(ops))
      if (step % 2 === 0) await this.#orAgain(async (database) => database.work())
      if (step === 3) await this.#end()
    }
    await this.#end()
    if (failing && this.#disk.calls <= failing.at) throw new Error('the disk was not asked so often')
  }

  /** Does something with the database, opened where it is not. What fails with a full disk leaves it usable. */
  async #orAgain(task: (database: SubjectDatabase) => Promise<unknown>): Promise<void> {
    try {
      this.#database ??= await this.#open()
      await task(this.#database)
    } catch (error) {
      expectOmenError(error)
      const usable = error instanceof OmenError && error.code === 'disk_full' && this.#database
      if (!usable) await this.#end()
    }
  }

  async #open(): Promise<SubjectDatabase> {
    const database = await SubjectDatabase.open(storageFor(this.#disk, this.#planted), { limits: LIMITS })
    try {
      this.#possible.found(await textIn(database))
      await database.collection()
      return database
    } catch (error) {
      await database.close().catch(expectOmenError)
      throw error
    }
  }

  async #writeSideBySide(ops: readonly Op[]): Promise<void> {
    const collection = await (this.#database as SubjectDatabase).collection()
    const done = await Promise.allSettled(ops.map((op) => perform(collection, op)))
    for (const [i, result] of done.entries()) {
      const refused = result.status === 'rejected' && (result.reason as OmenError).code === 'disk_full'
      if (!refused) this.#possible.change(ops[i] as Op, result.status === 'fulfilled')
    }
    const lost = done.find((result) => result.status === 'rejected')
    if (lost) throw lost.reason
  }

  async #end(): Promise<void> {
    await this.#database?.close().catch(expectOmenError)
    this.#database = undefined
  }

  /** Opens what is left, as the end of the process leaves it and after power cuts. */
  async judge(): Promise<void> {
    this.#disk.fail(undefined)
    const crashes = new Crashes(this.#disk)
    crashes.advance(this.#disk.operations.length)
    const random = randomNumbers(this.#seed + this.#disk.calls)
    const left = [this.#disk.contents(), crashes.state(random), crashes.state(random)]
    for (const [i, files] of [...new Map(left.map((each) => [keyOf(each), each])).values()].entries()) {
      const disk = new SimulatedDisk(files)
      const database = await SubjectDatabase.open(storageFor(disk, this.#planted), { limits: LIMITS }).catch(
        (error: unknown) => {
          throw new Error(`${i === 0 ? 'it' : 'what a power cut left'} does not open: ${String(error)}`, {
            cause: error,
          })
        },
      )
      this.#possible.expect(await textIn(database))
      const collection = await database.collection()
      const rows = await rowsOf(collection)
      await expectRows(collection, new Map(rows.map((row) => [row.id, row])), IDS)
      // Nothing that a failure left may stand in the way of what comes after.
      await database.work()
      await database.close()
    }
  }
}

/** What comes of a failing disk is for whoever uses the database to read. */
function expectOmenError(error: unknown): void {
  if (!(error instanceof OmenError)) throw error
}

/** The rows as a text; no text where the collection was not created. */
async function textIn(database: SubjectDatabase): Promise<string> {
  return (await database.created()) ? textOf(await rowsOf(await database.collection())) : ''
}

/** Every state in which the rows may be, after changes of which some may have been made and others were. */
class PossibleRows {
  #states: Map<string, Model> = new Map([['', new Map()]])

  change(op: Op, acknowledged: boolean): void {
    const states = new Map(acknowledged ? [] : this.#states)
    for (const model of this.#states.values()) {
      const next = after(model, op)
      states.set(textOf(next.values()), next)
    }
    this.#states = states
  }

  /** They are these, and were found by opening it: nothing may change that any more. */
  found(text: string): void {
    this.expect(text)
    this.#states = new Map([[text, this.#states.get(text) as Model]])
  }

  expect(text: string): void {
    if (this.#states.has(text)) return
    const all = [...this.#states.keys()].join('\nor\n')
    throw new Error(`the rows are\n${text}\nand should be\n${all}`)
  }
}
