import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** These ask that their text goes along, and notices beside it, and no more. With another one, somebody has to look. */
const KNOWN = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0'])

/** The licences of all packages that went into a bundle, by what esbuild says of it, as one text. */
export function licencesOf ({ outputs }) {
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []))
  return ['The files in this folder hold code of these packages, under their licences.\n', ...[...folders].sort().map(licenceOf)].join('\n')
}

function licenceOf (folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (!KNOWN.has(license)) throw new Error(`${name} ${version} has the licence "${license}": may it go into the bundle?`)

  const files = readdirSync(folder).filter((each) => /^(licen[cs]e|notice|copyright)/i.test(each))
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  const text = files.length === 0 ? `by ${author?.name ?? author}, as its package.json says` : texts.join('\n\n')
  return `${'-'.repeat(72)}\n${name} ${version}: ${license}\n\n${text}\n`
}
