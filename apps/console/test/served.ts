import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { boolean, type Database, integer, keyword, open, type Schema, text, vector } from '@omen/db'
import { type RunningServer, serve } from '@omen/server'
import { mostUsedFirst, readWordnet } from '@omen/wordnet'
import { type Browser, chromium } from 'playwright-core'
import { build } from 'vite'

const HOME = fileURLToPath(new URL('..', import.meta.url))
const DIMENSION = 32

/** Where a Chromium may be; tests in a browser are skipped where none is. */
export const CHROMIUM: string | undefined = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((path) => path !== '' && existsSync(path))

/** What is allowed to the browser: no sandbox where tests run as root, no graphics processor, no network of its own. */
const FLAGS: readonly string[] = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

/** The page, built from its sources, served over a database in memory. */
export interface Served {
  readonly db: Database
  readonly server: RunningServer
  readonly browser: Browser
  close(): Promise<void>
}

export const MEANINGS: Schema = {
  partOfSpeech: keyword(),
  topic: keyword(),
  words: keyword({ many: true }),
  gloss: text(),
  uses: integer(),
  common: boolean(),
  embedding: vector(DIMENSION),
}

/** Serves the most used meanings of WordNet, so many of them. */
export async function serveMeanings(rows: number): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'omen-console-'))
  await build({
    root: HOME,
    configFile: join(HOME, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true },
  })
  const db = await open(':memory:')
  const collection = await db.collection('meanings', MEANINGS)
  const meanings = mostUsedFirst(readWordnet()).slice(0, rows)
  await collection.upsert(
    meanings.map(({ id, partOfSpeech, lexicalFile, words, gloss, uses }) => ({
      ...{ id, partOfSpeech, topic: lexicalFile.name, words, gloss, uses },
      common: uses > 100,
      embedding: vectorOf(`${lexicalFile.name} ${gloss}`),
    })),
  )
  const config = {
    port: 0,
    console: { folder },
    log: { level: 'silent' },
    state: join(folder, 'state'),
  } as const
  const embedder = { embed: async (texts: readonly string[]) => texts.map(vectorOf) }
  const server = await serve(db, config, { embedder })
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: [...FLAGS] })
  return {
    ...{ db, server, browser },
    async close() {
      await browser.close()
      await server.close()
      await db.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** In place of a model, which takes seconds to load: texts are alike that share words. */
function vectorOf(text: string): Float32Array {
  const vector = new Float32Array(DIMENSION).fill(0.01)
  for (const word of text.toLowerCase().match(/[a-z]{3,}/g) ?? []) {
    const hash = [...word].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7)
    vector[hash % DIMENSION] = (vector[hash % DIMENSION] ?? 0) + 1
  }
  return vector
}
