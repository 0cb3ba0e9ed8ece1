import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { megabytes, progressBar } from '@omen/cli/terminal'
import { OmenError, unreachable } from '@omen/core'
import { datasetsCache } from '../paths.ts'
import { download, sha256File } from './download.ts'
import { type DatasetEntry, locateSource, searchFolders } from './registry.ts'

/**
 * Makes sure that the file of a data set is on this machine, and that it is the right one.
 *
 * @returns its path
 * @throws OmenError `not_found` when it has to be put there by hand; what `download` throws; `checksum_mismatch`; `io`
 */
export async function obtain(entry: DatasetEntry): Promise<string> {
  const found = locateSource(entry)
  if (found) {
    if (entry.sha256) await checkFile(found, entry.sha256)
    return found
  }
  const how = entry.obtain
  switch (how.how) {
    case 'kept':
    case 'beside':
      throw new OmenError(
        'not_found',
        `${entry.name} needs the file ${how.file}, which cannot be downloaded; looked in ${searchFolders().join(', ')}`,
      )
    case 'url':
      return downloadFile(entry, how.url)
    case 'generated':
    case 'embedded':
      throw new OmenError('invalid_argument', `${entry.name} is made here, not obtained`)
    case 'npm':
      return installPackages(entry, how)
    default:
      return unreachable(how)
  }
}

async function downloadFile(entry: DatasetEntry, url: string): Promise<string> {
  const target = join(datasetsCache(), `${entry.name}.hdf5`)
  const bar = progressBar(`downloading ${entry.name}`, megabytes)
  let ended = `downloading ${entry.name} failed`
  try {
    const { sha256, verified } = await download({ url, target, sha256: entry.sha256, onProgress: bar.update })
    const known = {
      checksum: 'as published',
      recorded: 'as when it was first downloaded here',
      first: 'recorded here, as nobody has published one to compare with',
    }[verified]
    ended = `downloaded ${entry.name}; SHA-256 ${sha256}, ${known}`
    return target
  } finally {
    bar.end(ended)
  }
}

/** Installs packages with npm, which checks what it fetched, into a folder of this data set's own. */
async function installPackages(
  entry: DatasetEntry,
  how: { packages: Readonly<Record<string, string>>; file: string },
): Promise<string> {
  const folder = workFolder(entry)
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ private: true, dependencies: how.packages })}\n`,
  )
  const names = Object.keys(how.packages).join(', ')
  const bar = progressBar(`fetching ${names} with npm`, () => '')
  const timer = setInterval(() => bar.update({ done: 0, total: 0 }), 200)
  const args = [
    'install',
    '--ignore-scripts',
    '--legacy-peer-deps',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
  ]
  let ended = `fetching ${names} failed`
  try {
    await npm(args, folder)
    const path = join(folder, 'node_modules', how.file)
    if (entry.sha256) await checkFile(path, entry.sha256)
    ended = `fetched ${names}`
    return path
  } finally {
    clearInterval(timer)
    bar.end(ended)
  }
}

/** Removes what a data set was made from, where it can be fetched again and only takes space. */
export function discardSource(entry: DatasetEntry): void {
  if (['npm', 'embedded'].includes(entry.obtain.how))
    rmSync(workFolder(entry), { recursive: true, force: true })
}

/** Where packages are installed that a data set is made from, and what is kept while it is made. */
export function workFolder({ name }: DatasetEntry): string {
  return join(datasetsCache(), 'npm', name)
}

async function checkFile(path: string, expected: string): Promise<void> {
  const found = await sha256File(path)
  if (found === expected) return
  throw new OmenError(
    'checksum_mismatch',
    `${path} has SHA-256 ${found} where ${expected} is known; remove it to fetch it again`,
  )
}

function npm(args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
    })
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.on('error', (error) => reject(new OmenError('io', 'npm could not be started', { cause: error })))
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new OmenError('io', `npm ${args.join(' ')} ended with code ${code}:\n${output.trim()}`))
    })
  })
}
