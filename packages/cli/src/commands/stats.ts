import { OmenError } from '@omen/core'
import type { CollectionStats, DatabaseStats } from '@omen/schema'
import { openSource } from '../database/open.ts'
import { EXIT } from '../exit-codes.ts'
import { sizeText } from '../output/sizes.ts'
import { table } from '../terminal/table.ts'
import { type Command, command } from './command.ts'

export const stats: Command = command({
  operands: ['<database>', '[collection]'],
  text: `
Rows and bytes by collection, or by segment and part of one collection; changes that the log still needs; what keeps
background work from going on, where a server is asked. A directory is read beside whoever writes to it.`,
  options: {},
  examples: [
    { does: 'everything', line: 'omen stats ./data' },
    { does: 'segments of one collection', line: 'omen stats ./data docs' },
    { does: 'how much disk it takes', line: 'omen stats ./data --json | jq .diskBytes' },
  ],
  async run({ operands, output }) {
    const [database = '', name] = operands
    await using source = await openSource(database)
    const all = await source.stats()
    if (name === undefined) {
      output.result(all, () => databaseText(all))
      return EXIT.ok
    }
    const found = all.collections.find((each) => each.name === name)
    if (!found) throw new OmenError('not_found', `there is no collection ${JSON.stringify(name)}`)
    output.result(found, () => collectionText(found))
    return EXIT.ok
  },
})

function databaseText({ collections, log, diskBytes, troubles }: DatabaseStats): string {
  const rows = collections.map(({ name, rows, deleted, segments, bytes }) => [
    name,
    ...[rows, deleted, segments.length].map(count),
    sizeText(bytes.total),
  ])
  const columns = ['collection', 'rows', 'deleted', 'segments', 'memory and maps'].map(columnOf)
  const replay = `${count(log.toReplay)} changes to replay at the next opening`
  const lines = [table(columns, rows), `  ${sizeText(diskBytes)} on disk; ${replay}`]
  for (const trouble of troubles)
    lines.push(`  trouble: ${trouble instanceof Error ? trouble.message : trouble}`)
  return lines.join('\n')
}

function collectionText({ segments, bytes }: CollectionStats): string {
  const rows = segments.map(({ id, state, rows, deleted, damaged, fields, bytes: held }) => [
    String(id),
    state,
    ...[rows, deleted].map(count),
    Object.entries(fields)
      .map(([name, { vectors, linked }]) => `${name} ${count(linked)} of ${count(vectors)} linked`)
      .join(', '),
    sizeText(held.total),
    damaged.join(', '),
  ])
  const columns = ['segment', 'state', 'rows', 'deleted', 'vectors', 'bytes', 'damaged'].map(columnOf)
  const parts = Object.entries(bytes).map(([part, size]) => [part, sizeText(size)])
  return `${table(columns, rows)}\n\n${table(['part', 'bytes'].map(columnOf), parts)}`
}

const LEFT = ['collection', 'state', 'vectors', 'damaged', 'part']
const columnOf = (title: string): { title: string; align: 'left' | 'right' } => ({
  title,
  align: LEFT.includes(title) ? 'left' : 'right',
})

const count = (number: number): string => number.toLocaleString('en')
