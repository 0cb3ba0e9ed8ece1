import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NATIVE_BUILD: string = fileURLToPath(new URL('../../../native/build', import.meta.url))

/**
 * Makes one file of the sources of a process, since compiling them in every process would take longer than all it does.
 *
 * @param entry the file beside this one that the process runs, without its ending
 * @param nativeBuild the folder in which it finds the addon
 * @returns the path of the made file
 */
export async function bundleChild(
  folder: string,
  entry: string,
  nativeBuild: string = NATIVE_BUILD,
): Promise<string> {
  const { build } = await import('vite')
  const bundle = join(folder, 'bundle')
  await mkdir(bundle, { recursive: true })
  // The addon is looked for beside the folder of the code that loads it.
  await symlink(nativeBuild, join(folder, 'build'))
  await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source'] },
    ssr: { noExternal: true, resolve: { conditions: ['source'] } },
    build: {
      ssr: fileURLToPath(new URL(`${entry}.ts`, import.meta.url)),
      outDir: bundle,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: `${entry}.mjs` } },
    },
  })
  return join(bundle, `${entry}.mjs`)
}
