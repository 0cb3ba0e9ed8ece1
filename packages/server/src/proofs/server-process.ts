import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const NATIVE_BUILD = fileURLToPath(new URL('../../../native/build', import.meta.url))
/** Where code finds the dependencies of this package. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))
const MANIFEST = fileURLToPath(new URL('../../package.json', import.meta.url))
const THEIRS = /^(?!@omen\/)/

/** Makes one file of our sources, which a process can run. @returns its path, and the folder that is to be removed */
export async function bundleServer(): Promise<{ script: string; folder: string }> {
  const { build } = await import('vite')
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'child-'))
  // The addon, and the version of the package, are looked for beside the folder of the code.
  await symlink(NATIVE_BUILD, join(folder, 'build'))
  await writeFile(join(folder, 'package.json'), '{"version":"0.0.0","type":"module"}')
  const manifest = JSON.parse(await readFile(MANIFEST, 'utf8')) as { dependencies: Record<string, string> }
  const external = Object.keys(manifest.dependencies).filter((name) => THEIRS.test(name))
  await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source'] },
    ssr: { noExternal: true, external, resolve: { conditions: ['source'] } },
    build: {
      ssr: fileURLToPath(new URL('server-child.ts', import.meta.url)),
      outDir: join(folder, 'bundle'),
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'server-child.mjs' } },
    },
  })
  return { script: join(folder, 'bundle', 'server-child.mjs'), folder }
}

/** A server in a process of its own. */
export class ServerProcess {
  readonly url: string
  /** The first key, where it was made by this process. */
  readonly firstKey: string | undefined
  readonly #child: ChildProcess
  readonly #ended: Promise<void>

  private constructor(child: ChildProcess, ended: Promise<void>, said: { url: string; firstKey?: string }) {
    this.#child = child
    this.#ended = ended
    this.url = said.url
    this.firstKey = said.firstKey
  }

  static async start(script: string, database: string): Promise<ServerProcess> {
    const child = spawn(process.execPath, [script, database], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    for await (const line of createInterface({ input: child.stdout })) {
      return new ServerProcess(child, ended, JSON.parse(line) as { url: string; firstKey?: string })
    }
    throw new Error('the server did not start')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#child.kill(signal)
    await this.#ended
  }
}
