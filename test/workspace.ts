import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

/** The parts of a package.json that the tests look at. */
export interface Manifest {
  readonly name: string
  readonly license?: string
  readonly type?: string
  readonly private?: boolean
  readonly engines?: { readonly node?: string }
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** A workspace package: its folder relative to the root, its manifest and the TypeScript that it consists of. */
export interface Unit {
  readonly folder: string
  readonly manifest: Manifest
  readonly files: readonly SourceFile[]
}

/** Reads a file below the root as text. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Lists the files that are in the repository or would be with the next commit. */
export function repositoryFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' })
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))
}

/** Reads every workspace package: the folders of packages/ and apps/, datasets/wordnet/, and examples/. */
export function workspaceUnits(): Unit[] {
  const folders = ['packages', 'apps'].flatMap((parent) => {
    return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`)
  })
  return [...folders, 'datasets/wordnet', 'examples']
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({
      folder,
      manifest: JSON.parse(read(`${folder}/package.json`)) as Manifest,
      files: typescriptFiles(folder === 'examples' ? folder : `${folder}/src`),
    }))
}

function typescriptFiles(folder: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return ['dist', 'node_modules'].includes(entry.name) ? [] : typescriptFiles(path)
    return /\.m?tsx?$/.test(entry.name) ? [{ path, text: read(path) }] : []
  })
}
