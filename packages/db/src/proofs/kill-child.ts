import { readFileSync, writeSync } from 'node:fs'
import { fileStorage } from '@omen/storage-mmap'
import type { Point } from '../engine/points.ts'
import type { Op } from './subject.ts'
import { perform, rowsOf, SubjectDatabase } from './subject-database.ts'

/** What a process is told to do, and where to die. */
export interface Task {
  readonly folder: string
  /** Changes to make, by their numbers; those of one list side by side. Filters come without what they mean. */
  readonly bursts: readonly (readonly { readonly number: number; readonly op: Op }[])[]
  /** The point at which the process kills itself, and how many times it passes by before; undefined: it is killed. */
  readonly point: Point | undefined
  readonly passes: number
}

/** A line at a time, at once: what was written when the process dies has arrived. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

/** Runs in a process of its own: opens the database, says what is in it, and writes until it is killed. */
async function main(): Promise<void> {
  const task = JSON.parse(readFileSync(0, 'utf8')) as Task
  let passes = task.passes
  const point = (name: Point): void => {
    if (name === task.point && passes-- === 0) process.kill(process.pid, 'SIGKILL')
  }
  const open = async (): Promise<SubjectDatabase> =>
    SubjectDatabase.open(await fileStorage(task.folder), {
      hooks: { background: false, point },
      limits: { sealRows: 6, closeRows: 4 },
    })
  let database = await open()
  say(`opened ${(await database.created()) ? JSON.stringify(await rowsOf(await database.collection())) : ''}`)
  await database.collection()
  say('created')
  for (const [i, burst] of task.bursts.entries()) {
    const collection = await database.collection()
    const work = i % 3 === 1 ? database.work() : undefined
    await Promise.all(
      burst.map(async ({ number, op }) => {
        say(`submitted ${number}`)
        await perform(collection, op)
        say(`acknowledged ${number}`)
      }),
    )
    await work
    await database.work()
    if (i % 3 === 1) await database.otherComesAndGoes(burst[0]?.number ?? i)
    if (i % 5 === 3) await database.database.backup(`${task.folder}-copy-${burst[0]?.number}`)
    if (i % 4 === 3) {
      await database.close()
      database = await open()
    }
  }
  await database.close()
  say('closed')
}

await main()
