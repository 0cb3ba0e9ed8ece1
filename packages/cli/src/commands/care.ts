import { repair as repairDirectory, restore as restoreBackup } from '@omen/db'
import type { Problem } from '@omen/schema'
import { directoryOf, openDatabase, openSource } from '../database/open.ts'
import { EXIT } from '../exit-codes.ts'
import { progressBar } from '../terminal/progress.ts'
import { type Command, command } from './command.ts'

export const verify: Command = command({
  operands: ['<database>'],
  text: `
Reads everything there is: the bytes of segments against their checksums, the records of the log, and that no id is there
twice. It reads beside whoever writes to the database. The exit code is 1 where something is not as it was written; then a backup, or omen repair, is what helps.`,
  options: {},
  examples: [
    { does: 'check it', line: 'omen verify ./data' },
    { does: 'check a backup', line: 'omen verify ./backups/monday' },
  ],
  async run({ operands: [database = ''], output }) {
    await using source = await openSource(database)
    const found = await source.verify()
    output.result(found, () => {
      const looked = `${count(found.rows)} rows read`
      return found.problems.length === 0
        ? `whole: ${looked}`
        : [...found.problems.map(problemText), looked].join('\n')
    })
    return found.problems.length === 0 ? EXIT.ok : EXIT.failed
  },
})

export const repair: Command = command({
  operands: ['<directory>'],
  text: `
Saves what can be saved of a damaged database that nobody has open, so that it opens again. What is damaged or given up is kept
beside it, under names that begin with damaged-, which takes as much space again. A whole database is left as it is. Where there
is a backup, that loses less. The exit code is 1 where rows are lost, or something is still not right.`,
  options: {},
  examples: [
    { does: 'see what is wrong', line: 'omen verify ./data' },
    { does: 'save what can be saved', line: 'omen repair ./data' },
  ],
  async run({ operands: [directory = ''], output }) {
    const done = await repairDirectory(directoryOf(directory))
    output.result(done, () => {
      const { mended, lost, setAside, problems, rows } = done
      const lines = mended.map(({ file, what }) => `${file}: ${what}`)
      for (const { collection, file, rows: gone } of lost) {
        lines.push(`lost: ${count(gone)} rows of ${collection}, in ${file}`)
      }
      for (const name of setAside) lines.push(`kept as it was: ${name}`)
      lines.push(...problems.map(problemText))
      if (lines.length === 0) lines.push('it was whole: nothing was changed')
      return [...lines, `${count(rows)} rows`].join('\n')
    })
    return done.lost.length === 0 && done.problems.length === 0 ? EXIT.ok : EXIT.failed
  },
})

export const backup: Command = command({
  operands: ['<database>', '<target>'],
  text: `
Copies the database as it is at this moment, while it is written to, into an empty directory, which can be opened like any other.
Of a server, the target is a name below its backup folder.`,
  options: {},
  examples: [
    { does: 'copy it', line: 'omen backup ./data ./backups/monday' },
    { does: 'check the copy', line: 'omen verify ./backups/monday' },
  ],
  async run({ operands: [database = '', target = ''], output }) {
    await using db = await openDatabase(database, 'refuse')
    await db.backup(target)
    output.result({ backup: target }, () => `backed up to ${target}`)
    return EXIT.ok
  },
})

export const restore: Command = command({
  operands: ['<backup>', '<directory>'],
  text: `
Copies a backup, or any database that nobody has open, into an empty directory, and reads every byte of the copy: one that is
damaged does not open. The backup stays as it is.`,
  options: {},
  examples: [{ does: 'bring it back', line: 'omen restore ./backups/monday ./data' }],
  async run({ operands: [from = '', directory = ''], output }) {
    const rows = await restoreBackup(directoryOf(from), directoryOf(directory))
    output.result({ rows, directory }, () => `${count(rows)} rows restored to ${directory}`)
    return EXIT.ok
  },
})

export const optimize: Command = command({
  operands: ['<database>', '<collection>'],
  text: `
Takes all rows to disk, into one segment without those that were deleted, links every row into its graph, and gives the space of
the others back. It also happens by itself, in steps, when it is worth it; after a large import it makes searches as fast as
they get.`,
  options: {},
  examples: [{ does: 'after an import', line: 'omen optimize ./data docs' }],
  async run({ operands: [database = '', name = ''], output, signal }) {
    await using db = await openDatabase(database, 'refuse')
    const collection = await db.collection(name)
    const bar = output.progress ? progressBar(`optimizing ${name}`) : undefined
    try {
      await collection.optimize({ signal, onProgress: (progress) => bar?.update(progress) })
    } finally {
      bar?.clear()
    }
    output.result({ optimized: name }, () => `optimized ${name}`)
    return EXIT.ok
  },
})

const problemText = ({ where, what }: Problem): string => `${where}: ${what}`

const count = (number: number): string => number.toLocaleString('en')
