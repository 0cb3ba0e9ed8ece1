// How many bytes the client adds to a web page: bundled for browsers, minified, and compressed as servers do.
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** What a page imports. */
const PAGES = {
  connect: `export { connect } from '@omen/client'`,
  'connect and all fields': `export { boolean, connect, date, integer, json, keyword, number, text, vector } from '@omen/client'`,
}

/** Bundles a page. Whatever is not there in browsers is an error. */
async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'js' },
    ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', target: 'es2022' },
    conditions: ['source'],
    // A package may import itself by its name only where its own package.json is the nearest.
    alias: { '@omen/client': new URL('../src/index.ts', import.meta.url).pathname },
  })
  return outputFiles[0].contents
}

const kib = (bytes) => (bytes / 1024).toFixed(1)

console.log('| a page imports | minified, KiB | gzip, KiB | brotli, KiB |')
console.log('| --- | --- | --- | --- |')
for (const [name, contents] of Object.entries(PAGES)) {
  const bytes = await bundle(contents)
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length]
  console.log(`| ${name} | ${sizes.map(kib).join(' | ')} |`)
}
