import { posix } from 'node:path'
import { parseSync } from 'oxc-parser'
import type { SourceFile, Unit } from './workspace.ts'

/**
 * The packages from the lowest layer to the highest: a package imports what lies in lower layers. The tests of a
 * package may also use its neighbours in the same layer.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['@omen/core'],
  ['@omen/native'],
  ['@omen/quant', '@omen/hnsw', '@omen/diskann', '@omen/text', '@omen/storage-mmap', '@omen/vector-files'],
  ['@omen/db'],
  ['@omen/server'],
  ['@omen/cli'],
]

/** Real texts and their vectors: apps and examples share it, and no package does. */
const DATA = '@omen/wordnet'

/** The client runs in a browser: of core it takes the types, which leave no import behind. */
const CLIENT = '@omen/client'

interface Import {
  /** What stands in quotes; `undefined` when it is computed. */
  readonly specifier: string | undefined
  readonly typeOnly: boolean
}

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
        const reason = forbidden(name, dependency, { typeOnly: name === CLIENT, forTests })
        return reason ? [`${unit.folder}/package.json depends on ${dependency}: ${reason}`] : []
      })
  return [
    ...check({ ...dependencies, ...peerDependencies, ...optionalDependencies }, false),
    ...check(devDependencies, true),
  ]
}

function fileViolations(unit: Unit, file: SourceFile): string[] {
  // What proofs share is not published.
  const forTests = file.path.endsWith('.test.ts') || file.path.startsWith(`${unit.folder}/src/proofs/`)
  return importsOf(file).flatMap(({ specifier, typeOnly }) => {
    if (specifier === undefined) return []
    if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(file.path), specifier)
      if (target.startsWith(`${unit.folder}/`)) return []
      return [`${file.path} imports ${specifier}: a relative import stays inside its package`]
    }
    if (!specifier.startsWith('@omen/')) return []
    const [scope, name, ...subpath] = specifier.split('/')
    const reason = forbidden(unit.manifest.name, `${scope}/${name}`, { typeOnly, forTests })
    if (reason) return [`${file.path} imports ${specifier}: ${reason}`]
    if (subpath[0] === 'testing' && !forTests && !unit.manifest.private) {
      return [`${file.path} imports ${specifier}: the conformance suites are for tests`]
    }
    return []
  })
}

/** Why `from` may not use `to`, or `undefined` when it may. */
function forbidden(
  from: string,
  to: string,
  use: { readonly typeOnly: boolean; readonly forTests: boolean },
): string | undefined {
  if (from === to) return 'a package reaches its own files by relative imports'
  const target = layerOf(to)
  if (to === DATA) return layerOf(from) < 0 && from !== CLIENT ? undefined : 'packages know no data'
  if (target < 0 && to !== CLIENT) return 'nobody imports an app'
  if (from === CLIENT) {
    return to === '@omen/core' && (use.typeOnly || use.forTests)
      ? undefined
      : 'the client imports types of core only'
  }
  const own = layerOf(from)
  // Apps and examples lie above every package.
  if (own < 0) return undefined
  if (to === CLIENT) return from === '@omen/cli' ? undefined : 'only the command line imports the client'
  if (target < own || (use.forTests && target === own)) return undefined
  return target === own
    ? 'neighbours in a layer do not know each other'
    : 'a layer does not know those above it'
}

const layerOf = (name: string): number => LAYERS.findIndex((layer) => layer.includes(name))

/** Every import, re-export and dynamic import of a file. */
function importsOf(file: SourceFile): Import[] {
  const { module, errors } = parseSync(file.path, file.text)
  if (errors.length > 0) throw new Error(`${file.path}: ${errors[0]?.message}`)
  const all = (entries: readonly { readonly isType: boolean }[]): boolean =>
    entries.length > 0 && entries.every((entry) => entry.isType)
  return [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      specifier: moduleRequest.value,
      typeOnly: all(entries),
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) =>
        moduleRequest ? [{ specifier: moduleRequest.value, typeOnly: isType }] : [],
      ),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) => ({
      specifier: /^(['"])(.*)\1$/.exec(file.text.slice(moduleRequest.start, moduleRequest.end))?.[2],
      typeOnly: false,
    })),
  ]
}
