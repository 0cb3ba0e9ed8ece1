import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDatabase } from '@omen/schema/testing'
import { open } from '../index.ts'

testDatabase('a database in memory', {
  open: async () => ({ db: await open(':memory:'), end: async () => undefined }),
})

testDatabase('a database in a directory', {
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'omen-'))
    return { db: await open(directory), end: () => rm(directory, { recursive: true }) }
  },
})
