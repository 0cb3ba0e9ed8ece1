import { readdirSync, readFileSync } from 'node:fs'
import { type Accelerator, Codes, given } from '@omen/core'
import { expect, test } from 'vitest'
import { accelerator } from './accelerator.ts'

/** How nice the threads of this process are: what follows the name in `stat`, of which the 17th is it. */
function niceness(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}

test.skipIf(process.platform !== 'linux' || !accelerator())(
  'work in the background is done by threads of low priority, to the same effect',
  async () => {
    const vectors = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i))
    const rows = Uint32Array.from({ length: 1000 }, (_, row) => row)
    const [first, second] = [false, true].map(() => {
      const codes = new Codes(given({ dimension: 4, metric: 'l2' }), accelerator() as Accelerator)
      codes.slab.ensure(rows.length)
      return codes
    }) as [Codes, Codes]
    await first.encode(vectors, rows, { threads: 2 })
    await second.encode(vectors, rows, { threads: 2, background: true })
    expect([...second.slab.parts(1000)]).toEqual([...first.slab.parts(1000)])
    expect(niceness()).toContain(10)
  },
)
