import { spawn } from 'node:child_process'
import type { Point } from '../engine/points.ts'
import type { Task } from './kill-child.ts'
import { after, Choices, type Model, type Op, type Row, textOf } from './subject.ts'

export const IDS = 14
const BURSTS = 12

/** How a process that writes is ended. */
export type Ending =
  | { readonly point: Point; readonly passes: number }
  /** By its parent, once so many changes were acknowledged, at whatever moment that is. */
  | { readonly acknowledged: number }

/** What a process said before it was killed. */
interface Said {
  /** The rows it found; undefined when it did not come to reading them. */
  readonly opened: string | undefined
  readonly created: boolean
  readonly submitted: number
  readonly acknowledged: number
  readonly killed: boolean
  readonly errors: string
}

/**
 * A folder that one process after another writes to, each killed. What was acknowledged is known out here alone, in what the
 * processes said before they died.
 */
export class KilledDatabase {
  readonly folder: string
  readonly #script: string
  readonly #choices: Choices
  /** The rows after each change that may have been made; the first is the last that is certain. */
  #possible: { readonly number: number; readonly model: Model }[] = [{ number: 0, model: new Map() }]
  #number = 0
  #created: boolean | undefined = false

  constructor(folder: string, script: string, random: () => number) {
    this.folder = folder
    this.#script = script
    this.#choices = new Choices(random, IDS)
  }

  /**
   * Lets a process write until it is ended.
   *
   * @returns whether it was killed: it ends by itself where it does not come by the point
   * @throws Error when what it found when it opened the database is none of what may be there
   */
  async run(ending: Ending): Promise<boolean> {
    const point = 'point' in ending ? ending.point : undefined
    const passes = 'point' in ending ? ending.passes : 0
    const bursts = this.#bursts()
    const task: Task = { folder: this.folder, bursts, point, passes }
    const said = await runChild(this.#script, task, 'point' in ending ? Infinity : ending.acknowledged)
    if (!said.killed && said.errors !== '') throw new Error(`the process failed: ${said.errors}`)
    if (said.opened !== undefined) this.found(said.opened)
    if (said.created) this.#created = true
    else if (this.#created === false) this.#created = undefined
    this.#follow(bursts, said)
    return said.killed
  }

  /** Checks rows that the database has been found with; the empty text where there is no collection. */
  found(rows: string): Model {
    if (rows === '') {
      if (this.#created === true) throw new Error('the collection is gone')
      return new Map()
    }
    const text = textOf(JSON.parse(rows) as Row[])
    const state = this.#possible.find(({ model }) => textOf(model.values()) === text)
    if (!state) {
      const [first, last] = [this.#possible[0]?.number, this.#possible.at(-1)?.number]
      throw new Error(`${first} changes were acknowledged, ${last} submitted, and the rows are\n${text}`)
    }
    this.#possible = [state]
    return state.model
  }

  /** What comes next is thought of without knowing which of the last changes are there: none looks at rows. */
  #bursts(): { number: number; op: Op }[][] {
    return Array.from({ length: BURSTS }, (_, i) => {
      const many = i % 2 === 0 ? 1 : 1 + this.#choices.below(3)
      return Array.from({ length: many }, () => {
        const number = ++this.#number
        const rows = (): Op => ({
          kind: 'upsert',
          rows: this.#choices.rows(1 + this.#choices.below(4), number),
        })
        return { number, op: many > 1 ? rows() : this.#choices.op(number) }
      })
    })
  }

  #follow(bursts: readonly (readonly { number: number; op: Op }[])[], said: Said): void {
    let state = this.#possible.at(-1)
    for (const { number, op } of bursts.flat()) {
      if (number > said.submitted || !state) break
      state = { number, model: after(state.model, op) }
      this.#possible.push(state)
    }
    this.#possible = this.#possible.filter(({ number }) => number >= said.acknowledged)
  }
}

function runChild(script: string, task: Task, killAfter: number): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { stdio: 'pipe' })
    let output = ''
    let errors = ''
    let acknowledged = 0
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      acknowledged = output.split('\nacknowledged ').length - 1
      if (acknowledged >= killAfter) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    // A process that dies before it has read its task is one that was killed early.
    child.stdin.on('error', () => undefined)
    child.stdin.end(JSON.stringify(task))
    child.on('error', reject)
    child.on('close', (_, signal) => resolve({ ...parse(output), killed: signal === 'SIGKILL', errors }))
  })
}

/** What whole lines say. */
function parse(output: string): Omit<Said, 'killed' | 'errors'> {
  const lines = output.split('\n').slice(0, -1)
  const last = (word: string): number =>
    Math.max(
      0,
      ...lines.filter((line) => line.startsWith(word)).map((line) => Number(line.slice(word.length))),
    )
  return {
    opened: lines.find((line) => line.startsWith('opened '))?.slice('opened '.length),
    created: lines.includes('created'),
    submitted: last('submitted '),
    acknowledged: last('acknowledged '),
  }
}
