import { posix } from 'node:path'
import { parseSync } from 'oxc-parser'
import type { SourceFile, Unit } from './workspace.ts'

/**
 * The packages from the lowest layer to the highest: a package imports what lies in lower layers. The tests of a
 * package may also use its neighbours in the same layer.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['@omen/core'],
  ['@omen/native', '@omen/schema'],
  [
    '@omen/quant',
    '@omen/hnsw',
    '@omen/diskann',
    '@omen/text',
    '@omen/storage-mmap',
    '@omen/vector-files',
    '@omen/wire',
  ],
  ['@omen/db'],
  ['@omen/server'],
  ['@omen/cli'],
]

/** Real texts and their vectors: apps and examples share it, and no package does. */
const DATA = '@omen/wordnet'

/** The client runs in a browser, with what it shares with the server. */
const CLIENT = '@omen/client'
const CLIENT_USES: readonly string[] = ['@omen/core', '@omen/schema', '@omen/wire']

/** Folders of sources that run anywhere: in browsers too, where nothing of Node is. */
const PORTABLE = /^packages\/(core|schema|wire|client)\/src\/(?!file\/|testing\/)/

/**
 * Says every way in which packages depend on each other against the rules of ARCHITECTURE.md.
 *
 * @returns one sentence for each violation; empty when the rules hold
 */
export function violations(units: readonly Unit[]): string[] {
  return units.flatMap((unit) => [
    ...manifestViolations(unit),
    ...unit.files.flatMap((file) => fileViolations(unit, file)),
  ])
}

function manifestViolations(unit: Unit): string[] {
  const { name, dependencies, peerDependencies, optionalDependencies, devDependencies } = unit.manifest
  const check = (group: object | undefined, forTests: boolean): string[] =>
    Object.keys(group ?? {})
      .filter((dependency) => dependency.startsWith('@omen/'))
      .flatMap((dependency) => {
        const reason = forbidden(name, dependency, forTests)
        return reason ? [`${unit.folder}/package.json depends on ${dependency}: ${reason}`] : []
      })
  return [
    ...check({ ...dependencies, ...peerDependencies, ...optionalDependencies }, false),
    ...check(devDependencies, true),
  ]
}

function fileViolations(unit: Unit, file: SourceFile): string[] {
  // What tests and proofs share is not published.
  const forTests = file.path.endsWith('.test.ts') || /^[^/]+\/[^/]+\/src\/(proofs|tests)\//.test(file.path)
  return importsOf(file).flatMap((specifier) => {
    if (specifier === undefined) return []
    if (specifier.startsWith('node:')) {
      if (forTests || !PORTABLE.test(file.path)) return []
      return [`${file.path} imports ${specifier}: it runs in browsers too, where there is no Node`]
    }
    if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(file.path), specifier)
      if (target.startsWith(`${unit.folder}/`)) return []
      return [`${file.path} imports ${specifier}: a relative import stays inside its package`]
    }
    if (!specifier.startsWith('@omen/')) return []
    const [scope, name, ...subpath] = specifier.split('/')
    const reason = forbidden(unit.manifest.name, `${scope}/${name}`, forTests)
    if (reason) return [`${file.path} imports ${specifier}: ${reason}`]
    if (subpath[0] === 'testing' && !forTests && !unit.manifest.private) {
      return [`${file.path} imports ${specifier}: the conformance suites are for tests`]
    }
    return []
  })
}

/** Why `from` may not use `to`, or `undefined` when it may. */
function forbidden(from: string, to: string, forTests: boolean): string | undefined {
  if (from === to) return 'a package reaches its own files by relative imports'
  const target = layerOf(to)
  if (to === DATA) return layerOf(from) < 0 && from !== CLIENT ? undefined : 'packages know no data'
  if (target < 0 && to !== CLIENT) return 'nobody imports an app'
  if (from === CLIENT) {
    if (CLIENT_USES.includes(to)) return undefined
    // Its tests speak to a server.
    return forTests && target >= 0 ? undefined : `the client imports ${CLIENT_USES.join(', ')} alone`
  }
  const own = layerOf(from)
  // Apps and examples lie above every package.
  if (own < 0) return undefined
  if (to === CLIENT) return from === '@omen/cli' ? undefined : 'only the command line imports the client'
  if (target < own || (forTests && target === own)) return undefined
  return target === own
    ? 'neighbours in a layer do not know each other'
    : 'a layer does not know those above it'
}

const layerOf = (name: string): number => LAYERS.findIndex((layer) => layer.includes(name))

/** What every import, re-export and dynamic import of a file names in quotes; `undefined` when it is computed. */
function importsOf(file: SourceFile): (string | undefined)[] {
  const { module, errors } = parseSync(file.path, file.text)
  if (errors.length > 0) throw new Error(`${file.path}: ${errors[0]?.message}`)
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
    ),
    ...module.dynamicImports.map(
      ({ moduleRequest }) =>
        /^(['"])(.*)\1$/.exec(file.text.slice(moduleRequest.start, moduleRequest.end))?.[2],
    ),
  ]
}
