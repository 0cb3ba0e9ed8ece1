import type { Snapshot } from '@omen/schema'
import { Crashes, SimulatedDisk } from '@omen/storage-mmap/testing'
import { type Planted, storageFor } from './crash-run.ts'
import { after, Choices, type Model, type SubjectSchema, textOf } from './subject.ts'
import { expectRows, expectSearch, perform, rowsOf, SubjectDatabase } from './subject-database.ts'

export type CommandKind =
  | 'op'
  | 'search'
  | 'rows'
  | 'snapshot'
  | 'work'
  | 'write while working'
  | 'reopen'
  | 'crash'
  | 'crash while writing'

/** One step of a sequence; what it does in detail follows from its seed. */
export interface Command {
  readonly kind: CommandKind
  readonly seed: number
}

/** What commands there are, as often as they come among others. */
export const COMMANDS: readonly CommandKind[] = [
  ...Array<CommandKind>(40).fill('op'),
  ...Array<CommandKind>(12).fill('search'),
  'rows',
  'snapshot',
  'work',
  'write while working',
  'reopen',
  'crash',
  'crash while writing',
]

export const IDS = 20

/** A database, the rows that it should have, and snapshots with the rows that these should. */
export class ModelRun {
  readonly #planted: Planted
  readonly #random: (seed: number) => () => number
  #disk: SimulatedDisk = new SimulatedDisk()
  #database: SubjectDatabase
  #model: Model = new Map()
  #snapshots: { readonly snapshot: Snapshot<SubjectSchema>; readonly text: string }[] = []
  #step = 0

  private constructor(
    database: SubjectDatabase,
    disk: SimulatedDisk,
    random: (seed: number) => () => number,
    planted: Planted,
  ) {
    this.#database = database
    this.#disk = disk
    this.#random = random
    this.#planted = planted
  }

  /** @param random makes a source of numbers from 0 to below 1 out of a seed */
  static async start(random: (seed: number) => () => number, planted: Planted = {}): Promise<ModelRun> {
    const disk = new SimulatedDisk()
    const database = await SubjectDatabase.open(storageFor(disk, planted), planted)
    await database.collection()
    return new ModelRun(database, disk, random, planted)
  }

  /** Does one command, to the database and to the model, and compares the two. */
  async run({ kind, seed }: Command): Promise<void> {
    const random = this.#random(seed)
    const choices = new Choices(random, IDS)
    const collection = await this.#database.collection()
    const step = ++this.#step
    switch (kind) {
      case 'op': {
        const op = choices.op(step)
        await perform(collection, op)
        this.#model = after(this.#model, op)
        break
      }
      case 'search': {
        const where = choices.below(4) > 0 ? choices.where(step) : undefined
        const limit = 1 + choices.below(IDS + 4)
        await expectSearch(collection, this.#model.values(), where, choices.query(), limit)
        break
      }
      case 'rows':
        await expectRows(collection, this.#model, IDS)
        break
      case 'snapshot':
        if (this.#snapshots.length > 2) await this.#endSnapshots()
        this.#snapshots.push({ snapshot: await collection.snapshot(), text: textOf(this.#model.values()) })
        break
      case 'work':
        await this.#database.work()
        break
      case 'write while working':
        await this.#writeWhileWorking(choices, step)
        break
      case 'reopen':
        await this.#endSnapshots()
        await this.#database.close()
        await this.#open(this.#disk.contents())
        break
      case 'crash':
        await this.#crash(random)
        break
      case 'crash while writing':
        await this.#crashWhileWriting(choices, random, step)
    }
    await this.#compareOne(choices)
  }

  async #compareOne(choices: Choices): Promise<void> {
    const collection = await this.#database.collection()
    const id = choices.id()
    const expected = this.#model.get(id)
    const found = await collection.get(id, { select: ['kind', 'size', 'tags', 'at', 'other'] })
    const [a, b] = [found ? [found as never] : [], expected ? [expected] : []]
    if (textOf(a) !== textOf(b)) throw new Error(`row ${id} is ${textOf(a)} and should be ${textOf(b)}`)
  }

  async #writeWhileWorking(choices: Choices, step: number): Promise<void> {
    const collection = await this.#database.collection()
    const work = this.#database.work()
    for (let i = 0; i < 3; i++) {
      const op = choices.op(step)
      await perform(collection, op)
      this.#model = after(this.#model, op)
    }
    await work
  }

  async #crashWhileWriting(choices: Choices, random: () => number, step: number): Promise<void> {
    const collection = await this.#database.collection()
    const op = choices.op(step)
    const work = choices.below(2) === 0 ? this.#database.work() : undefined
    const writing = perform(collection, op)
    // What comes of them does not matter: the power is gone before they end, or after.
    work?.catch(() => undefined)
    let acknowledged = false
    writing.then(
      () => {
        acknowledged = true
      },
      () => undefined,
    )
    const turns = choices.below(60)
    for (let i = 0; i < turns; i++) await undefined
    if (acknowledged) this.#model = after(this.#model, op)
    await this.#cut(random)
    const text = textOf(await rowsOf(await this.#database.collection()))
    if (!acknowledged && text !== textOf(this.#model.values())) this.#model = after(this.#model, op)
    await expectRows(await this.#database.collection(), this.#model, IDS)
  }

  async #crash(random: () => number): Promise<void> {
    await this.#cut(random)
    await expectRows(await this.#database.collection(), this.#model, IDS)
  }

  async #cut(random: () => number): Promise<void> {
    const crashes = new Crashes(this.#disk)
    crashes.advance(this.#disk.operations.length)
    const files = crashes.state(random)
    const old = this.#database
    this.#snapshots = []
    // It goes on by itself, on a disk that nobody looks at any more.
    void old.close().catch(() => undefined)
    await this.#open(files)
  }

  async #open(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.#disk = new SimulatedDisk(files)
    this.#database = await SubjectDatabase.open(storageFor(this.#disk, this.#planted), this.#planted)
  }

  async #endSnapshots(): Promise<void> {
    for (const { snapshot, text } of this.#snapshots.splice(0)) {
      const found = textOf(await rowsOf(snapshot))
      snapshot.close()
      if (found !== text) throw new Error(`a snapshot has the rows\n${found}\nand should have\n${text}`)
    }
  }

  /** Compares everything, and ends it. */
  async end(): Promise<void> {
    await expectRows(await this.#database.collection(), this.#model, IDS)
    await this.#endSnapshots()
    await this.#database.close()
  }
}
