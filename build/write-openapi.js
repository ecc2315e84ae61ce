import { readFileSync, rmSync, writeFileSync } from 'node:fs'

import { build } from 'esbuild'

/** Writes openapi.json of the sources beside the bundle. Packages are asked for where they are: this runs here and now. */
export async function writeOpenApi () {
  const maker = new URL('../dist/make-openapi.js', import.meta.url)
  await build({ entryPoints: ['build/openapi.ts'], outfile: maker.pathname, bundle: true, packages: 'external', format: 'esm', platform: 'node', target: 'node20.19', logLevel: 'warning' })
  const { makeOpenApi } = await import(maker)
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  writeFileSync(new URL('../dist/openapi.json', import.meta.url), await makeOpenApi(new URL('../fixtures/', import.meta.url), version))
  rmSync(maker)
}
