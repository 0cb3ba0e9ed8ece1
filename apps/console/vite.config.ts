import { fileURLToPath } from 'node:url'
import { defineConfig, type UserConfig } from 'vite'

/** The folder that the server serves when it is told of no other. */
const SERVED = fileURLToPath(new URL('../../packages/server/dist/console/', import.meta.url))

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Paths relative to the page, so that it may be served below any address.
  base: './',
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // A server may forbid whatever is not a file of its own: nothing is inlined.
  build: {
    outDir: SERVED,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '^/(v1|metrics|health)': {
        target: process.env.OMEN_URL ?? 'http://127.0.0.1:7700',
        changeOrigin: true,
      },
    },
  },
})

export default config
