import { styleText } from 'node:util'
import { directoryOf } from '../database/open.ts'
import type { Finding } from '../doctor/finding.ts'
import { examineMachine } from '../doctor/machine.ts'
import { examinePlace } from '../doctor/place.ts'
import { EXIT } from '../exit-codes.ts'
import { type Command, command } from './command.ts'

export const doctor: Command = command({
  operands: ['[directory]'],
  text: `
Looks at Node, the accelerator and its kernels, memory and limits; and, with a directory, at its file system, space, locks, how long a
sync takes, and whether the database there opens. What could be better comes with what to do. The exit code is 1 where
something would not work. Nothing is changed.`,
  options: {},
  examples: [
    { does: 'this machine', line: 'omen doctor' },
    { does: 'where a database lies, or is to lie', line: 'omen doctor ./data' },
    {
      does: 'which kernels run',
      line: `omen doctor --json | jq -r '.findings[] | select(.what == "accelerator").is'`,
    },
  ],
  async run({ operands: [directory], output }) {
    const place = directory === undefined ? [] : await examinePlace(directoryOf(directory))
    const findings = [...examineMachine(), ...place]
    output.result({ findings }, () => findings.map(lineOf).join('\n'))
    return findings.some(({ level }) => level === 'problem') ? EXIT.failed : EXIT.ok
  },
})

const MARKS = {
  ok: styleText('green', '✓'),
  advice: styleText('yellow', '!'),
  problem: styleText('red', '✗'),
} as const satisfies Record<Finding['level'], string>

function lineOf({ what, is, level, advice }: Finding): string {
  const line = `${MARKS[level]} ${what.padEnd(12)} ${is}`
  return advice === undefined ? line : `${line}\n  ${' '.repeat(12)} ${advice}`
}
