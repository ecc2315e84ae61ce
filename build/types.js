import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import ts from 'typescript'

const OUT = 'dist/types'

// The declarations of the library and what they name, file by file: whoever installs it has none of the packages that the rest
// of the sources is made with.
const { options } = ts.getParsedCommandLineOfConfigFile('tsconfig.build.json', {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: refuse })
const program = ts.createProgram(['src/index.ts'], options)
const pending = ['src/index.ts']
for (const path of pending) {
  const { diagnostics } = program.emit(program.getSourceFile(path), (_path, text) => write(path, text), undefined, true)
  diagnostics.forEach(refuse)
}

function write (path, text) {
  let written = text
  for (const { fileName } of ts.preProcessFile(text).importedFiles) {
    if (!fileName.startsWith('.')) throw new Error(`the types of ${path} need those of ${fileName}`)
    const needed = join(dirname(path), fileName)
    if (!pending.includes(needed)) pending.push(needed)
    // Any compiler finds a declaration by the name of the code it stands for.
    written = written.replaceAll(`'${fileName}'`, `'${fileName.replace(/\.ts$/, '.js')}'`)
  }
  const target = join(OUT, path.replace(/^src\//, '').replace(/\.ts$/, '.d.ts'))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, written)
}

function refuse ({ messageText }) {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'))
}
