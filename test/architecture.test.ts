import { describe, expect, test } from 'vitest'
import { violations } from './imports.ts'
import { type Manifest, read, type Unit, workspaceUnits } from './workspace.ts'

const unit = (folder: string, manifest: Manifest, ...texts: string[]): Unit => ({
  folder,
  manifest,
  files: texts.map((text, i) => ({ path: `${folder}/src/file${i}.ts`, text })),
})

const testOf = (folder: string, manifest: Manifest, text: string): Unit => ({
  folder,
  manifest,
  files: [{ path: `${folder}/src/file.test.ts`, text }],
})

describe('the packages', () => {
  const units = workspaceUnits()

  test('are found, with their sources', () => {
    const names = units.map(({ manifest }) => manifest.name)
    expect(names).toEqual(
      expect.arrayContaining(['@omen/core', '@omen/hnsw', '@omen/bench', '@omen/examples']),
    )
    for (const { folder, files } of units) expect(files, folder).not.toHaveLength(0)
  })

  test('import in the directions of ARCHITECTURE.md', () => {
    expect(violations(units)).toEqual([])
  })

  test('and their dependencies are each named in ARCHITECTURE.md', () => {
    const text = read('ARCHITECTURE.md')
    const manifests = [...units.map((each) => each.manifest), JSON.parse(read('package.json')) as Manifest]
    const named = manifests.flatMap(({ dependencies, peerDependencies, devDependencies }) =>
      Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies }),
    )
    const missing = [...new Set(named)].filter((name) => !text.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })
})

describe('the check of the directions sees', () => {
  const hnsw: Manifest = { name: '@omen/hnsw' }

  test.each([
    ['a layer above', `import { open } from '@omen/db'`],
    ['a neighbour', `import { sq8 } from '@omen/quant'`],
    ['a neighbour, for its types', `import type { Codes } from '@omen/quant'`],
    ['an app', `import { run } from '@omen/bench'`],
    ['the client', `import { connect } from '@omen/client'`],
    ['a re-export', `export { sq8 } from '@omen/quant'`],
    ['a re-export of everything', `export * from '@omen/quant'`],
    ['an import for its side effect', `import '@omen/quant'`],
    ['a dynamic import', `const quant = await import('@omen/quant')`],
    ['a path out of the package', `import { sq8 } from '../../quant/src/index.ts'`],
    ['the conformance suites in a source', `import { testVectorIndex } from '@omen/core/testing'`],
    ['itself by name', `import { Hnsw } from '@omen/hnsw'`],
  ])('%s', (_, text) => {
    expect(violations([unit('packages/hnsw', hnsw, text)])).toHaveLength(1)
  })

  test('a dependency in package.json', () => {
    const manifest: Manifest = { name: '@omen/core', dependencies: { '@omen/native': 'workspace:*' } }
    expect(violations([unit('packages/core', manifest)])).toEqual([
      'packages/core/package.json depends on @omen/native: a layer does not know those above it',
    ])
  })

  test('the database in the client, but not what the client shares with the server', () => {
    const client: Manifest = { name: '@omen/client' }
    const database = `import type { OpenOptions } from '@omen/db'`
    const shared = `import { OmenError } from '@omen/core'\nimport type { Database } from '@omen/schema'`
    expect(violations([unit('packages/client', client, database)])).toHaveLength(1)
    expect(violations([testOf('packages/client', client, database)])).toEqual([])
    expect(violations([unit('packages/client', client, shared)])).toEqual([])
  })

  test('Node where sources run in browsers, not in their tests', () => {
    const schema: Manifest = { name: '@omen/schema' }
    const node = `import { join } from 'node:path'`
    expect(violations([unit('packages/schema', schema, node)])).toHaveLength(1)
    expect(violations([testOf('packages/schema', schema, node)])).toEqual([])
  })

  test('nothing wrong in lower layers, tests of neighbours and apps', () => {
    const good = [
      unit('packages/hnsw', hnsw, `import { Slab } from '@omen/core'`, `export * from './graph.ts'`),
      testOf('packages/hnsw', hnsw, `import { sq8 } from '@omen/quant'\nimport '@omen/core/testing'`),
      unit('apps/bench', { name: '@omen/bench', private: true }, `import { Hnsw } from '@omen/hnsw'`),
    ]
    expect(violations(good)).toEqual([])
  })
})
