import { rmSync } from 'node:fs'

import { build } from 'esbuild'

// Chunks are named by their content: old ones would pile up.
rmSync('dist', { recursive: true, force: true })

// One file for the process, one for the library, one for the worker thread; what they share goes into chunks beside them.
await build({
  entryPoints: { main: 'src/main.ts', index: 'src/index.ts', 'fold-worker': 'src/storage/fold-worker.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  logLevel: 'warning',
  // Packages written for CommonJS ask for require, which an ES module lacks.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" }
})
