/**
 * Runs the tests of `examples/` as a user has them, in a copy of the folder with its own packages and Warung from its tarball:
 * `npx tsx test/by-hand/examples.ts`. Ends with 1 where types are wrong, a runner fails, or not all run equally many tests.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { step } from './steps.ts'

const ROOT = join(import.meta.dirname, '../..')
const LEFT_BEHIND = new Set(['node_modules', '.tap'])

/** How each is asked for a line per test, and what such a line looks like where the test has run and passed. */
const RUNNERS: ReadonlyArray<readonly [script: string, flags: readonly string[], passed: RegExp]> = [
  ['node-test', [], /^✔ /gm],
  ['tap', ['--reporter=tap'], /^ {4}ok \d+ (?!.*# (?:SKIP|TODO))/gm],
  ['vitest', ['--reporter=tap-flat'], /^ok \d+ (?!.*# (?:SKIP|TODO))/gm],
  ['jest', ['--verbose'], /^ +✓ /gm]
]

const folder = mkdtempSync(join(tmpdir(), 'warung-examples-'))
const copy = join(folder, 'examples')
try {
  cpSync(join(ROOT, 'examples'), copy, { recursive: true, filter: (path) => !LEFT_BEHIND.has(basename(path)) })
  must('npm', ['pack', '--pack-destination', folder], ROOT)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  must('npm', ['ci', '--ignore-scripts'], copy)
  must('npm', ['install', '--no-save', '--ignore-scripts', join('..', tarball)], copy)

  const addresses = readFileSync(join(copy, 'package-lock.json'), 'utf8').match(/"resolved"/g)?.length ?? 0
  step('registry addresses in the lock file', addresses, addresses === 0)
  const types = run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], copy)
  step(`types, with warung from ${tarball}`, types.output === '' ? 'right' : types.output, types.code === 0)

  const counts = RUNNERS.map(([script, flags, passed]) => {
    const { code, output } = run('npm', ['run', '--silent', script, '--', ...flags], copy)
    const count = output.match(passed)?.length ?? 0
    if (code !== 0) console.log(output)
    step(script, `${count} tests passed, exit ${code}`, code === 0 && count > 0)
    return count
  })
  step('all run the same number of tests', counts, new Set(counts).size === 1)
} finally {
  rmSync(folder, { recursive: true })
}

function must (command: string, args: readonly string[], cwd: string): void {
  const { code, output } = run(command, args, cwd)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}\n${output}`)
}

function run (command: string, args: readonly string[], cwd: string): { readonly code: number | null, readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } })
  if (error !== undefined) throw error
  return { code: status, output: stdout + stderr }
}
