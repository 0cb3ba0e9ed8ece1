import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { describe, expect, test } from 'vitest'
import { read, repositoryFiles, root, type SourceFile, workspaceUnits } from './workspace.ts'

const MAX_LINES = 450

/** Files that may say `any`, each with the reason why no better type exists. */
const ANY_ALLOWED: Readonly<Record<string, string>> = {}

const BINARY = /\.(hdf5|png|ico|bin|node|npy|gz|zst)$/
const units = workspaceUnits()
const sources = units.flatMap((unit) => unit.files)
const files = repositoryFiles()
const texts = files.filter((path) => !BINARY.test(path)).map((path) => ({ path, text: read(path) }))
const published = units.filter((unit) => unit.folder.startsWith('packages/'))

describe('sources', () => {
  test(`have at most ${MAX_LINES} lines each`, () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MAX_LINES)
    expect(long).toEqual([])
  })

  test('do not say any', () => {
    expect(sources.filter(saysAny).map(({ path }) => path)).toEqual(Object.keys(ANY_ALLOWED))
  })

  test('the check for any sees it', () => {
    const file = (text: string): SourceFile => ({ path: 'a.ts', text })
    expect(saysAny(file('let a: any'))).toBe(true)
    expect(saysAny(file('const b = c as any'))).toBe(true)
    expect(saysAny(file('function d(e: Map<string, any[]>) {}'))).toBe(true)
    expect(saysAny(file(`const any = 'as any' // as any`))).toBe(false)
  })
})

describe.each(published.map((unit) => [unit.manifest.name, unit] as const))(
  '%s',
  (_, { folder, manifest }) => {
    test('has a README, a licence, a scope of engines and is a module', () => {
      expect(existsSync(join(root, folder, 'README.md'))).toBe(true)
      expect(manifest.license).toBe('Apache-2.0')
      expect(manifest.type).toBe('module')
      expect(manifest.engines?.node).toBe('>=20')
    })

    test('exports source, types and default, in this order', () => {
      const entries = Object.entries(manifest.exports ?? {})
      expect(entries).not.toHaveLength(0)
      for (const [name, conditions] of entries) {
        expect(Object.keys(conditions), name).toEqual(['source', 'types', 'default'])
        expect(existsSync(join(root, folder, conditions.source ?? '')), conditions.source).toBe(true)
      }
    })
  },
)

describe('the repository', () => {
  test('leaves nothing marked as to be done', () => {
    const mark = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`)
    expect(texts.filter(({ text }) => mark.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('names no folder of the machine it was written on', () => {
    const home = /(^|[\s'"`(=])\/(home|Users|root)\/\w/m
    const local = texts.filter(({ text }) => text.includes(`${root}/`) || home.test(text))
    expect(local.map(({ path }) => path)).toEqual([])
  })

  test('locks dependencies without naming a host', () => {
    const locks = texts.filter(({ path }) => path.endsWith('pnpm-lock.yaml'))
    expect(locks).not.toHaveLength(0)
    expect(locks.filter(({ text }) => /https?:\/\//.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('links in Markdown lead to files that exist', () => {
    const broken = texts
      .filter(({ path }) => path.endsWith('.md'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
          .map(([, target]) => target ?? '')
          .filter((target) => !existsSync(join(root, dirname(path), target)))
          .map((target) => `${path}: ${target}`),
      )
    expect(broken).toEqual([])
  })
})

function saysAny({ path, text }: SourceFile): boolean {
  let found = false
  new Visitor({
    TSAnyKeyword() {
      found = true
    },
  }).visit(parseSync(path, text).program)
  return found
}
