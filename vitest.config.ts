import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Tests import sources, so that a stale build can never make a test pass. */
const resolveSources = {
  resolve: { conditions: ['source', ...defaultClientConditions] },
  ssr: { resolve: { conditions: ['source', ...defaultServerConditions] } },
}

const project = (name: string, include: string[]): ViteUserConfig => ({
  ...resolveSources,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**', '**/competitors/**'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      ...[
        'core',
        'native',
        'quant',
        'hnsw',
        'storage-mmap',
        'schema',
        'wire',
        'client',
        'db',
        'vector-files',
        'server',
        'cli',
      ].map((name) => project(name, [`packages/${name}/src/**/*.test.ts`])),
      project('wordnet', ['datasets/wordnet/src/**/*.test.ts']),
      project('bench', ['apps/bench/src/**/*.test.ts']),
      project('console', ['apps/console/{src,test}/**/*.test.ts']),
      project('start', ['apps/start/src/**/*.test.ts']),
      project('house', ['test/**/*.test.ts']),
    ],
  },
})

export default config
