import { rmSync, writeFileSync } from 'node:fs'

import { build } from 'esbuild'

import { licencesOf } from './build/licences.js'
import { writeOpenApi } from './build/write-openapi.js'

// Chunks are named by their content: old ones would pile up.
rmSync('dist', { recursive: true, force: true })

/**
 * Importing node:http reads everything it exports, WebSocket among it, for which Node loads all of its fetch: half the time of
 * a bare start (22 and later). Requiring it does not.
 */
const lightHttp = {
  name: 'light-http',
  setup ({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ path, kind }) => kind === 'import-statement' ? { path, namespace: 'light-http' } : undefined)
    onLoad({ filter: /.*/, namespace: 'light-http' }, () => ({ contents: "module.exports = require('node:http')" }))
  }
}

// One file for the process, one for the library, one for the worker thread; what they share goes into chunks beside them.
// Not minified: it would start no sooner, and a stack trace stays readable without maps.
const { metafile } = await build({
  entryPoints: { main: 'src/main.ts', index: 'src/index.ts', 'fold-worker': 'src/storage/fold-worker.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  plugins: [lightHttp],
  // Packages written for CommonJS ask for require, which an ES module lacks.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" }
})

writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licencesOf(metafile))
await writeOpenApi()
