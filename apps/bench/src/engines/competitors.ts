import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OmenError } from '@omen/core'
import { competitorsFolder, root } from '../paths.ts'

/**
 * Loads a competing engine from the workspace where they are installed.
 *
 * @throws OmenError `not_found` when it is not installed, or does not run here
 */
export function loadCompetitor(name: string): { module: unknown; version: string } {
  const path = join(competitorsFolder, 'node_modules', name)
  const manifest = join(path, 'package.json')
  if (!existsSync(manifest)) {
    throw new OmenError('not_found', `${name} is not installed: run node apps/bench/dist/main.js competitors`)
  }
  try {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
    return { module: createRequire(join(competitorsFolder, 'package.json'))(name), version }
  } catch (error) {
    const why = (error as Error).message.split('\n')[0]
    throw new OmenError('not_found', `${name} is installed but does not load: ${why}`, { cause: error })
  }
}

/**
 * Installs the competing engines, where they are not; some are compiled.
 *
 * @returns why that failed, or undefined
 */
export async function installCompetitors(): Promise<string | undefined> {
  const bootstrap = join(root, 'scripts/bootstrap.mjs')
  if (!existsSync(bootstrap)) return `there is no ${bootstrap}`
  const { ensureCompetitors } = (await import(pathToFileURL(bootstrap).href)) as {
    ensureCompetitors(): Promise<{ ok: boolean; reason?: string }>
  }
  const { ok, reason } = await ensureCompetitors()
  return ok ? undefined : (reason ?? 'the installation failed')
}
