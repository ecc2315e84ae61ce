/**
 * Spoils a copy of the rules in one place at a time and shows whether the tests notice: `npx tsx test/by-hand/mutants.ts`.
 * Ends with 1 where a mutant survives.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { printTable } from '../../bench/table.ts'

const ROOT = join(import.meta.dirname, '../..')
const COPIED = ['src', 'test', 'fixtures', 'package.json', 'tsconfig.json', '.taprc']
const TEST_FAILED = 1

const SIGNATURE = 'src/domain/signature.ts'
const RETRY = 'src/domain/retry-policy.ts'
const MOVES = 'src/domain/transaction.ts'
/** Each rule is proven by one file of tests alone. */
const TESTS: Readonly<Record<string, string>> = {
  [SIGNATURE]: 'test/domain/notification.test.ts',
  [RETRY]: 'test/domain/retry-policy.test.ts',
  [MOVES]: 'test/domain/transaction.test.ts'
}

const MUTANTS: ReadonlyArray<readonly [file: string, sound: string, spoiled: string]> = [
  [SIGNATURE, 'orderId + statusCode + grossAmount', 'orderId + grossAmount + statusCode'],
  [SIGNATURE, 'grossAmount + serverKey)', 'grossAmount)'],
  [SIGNATURE, "createHash('sha512')", "createHash('sha3-512')"],
  [RETRY, '[2, 10, 30, 90, 210]', '[2, 10, 30, 90, 200]'],
  [RETRY, '500: 1', '500: 2'],
  [RETRY, '303: 0', '303: 5'],
  [RETRY, 'number > further', 'number >= further'],
  [RETRY, 'status <= 299', 'status <= 300'],
  [RETRY, '0.25 + 0.75 * jitter', '0.75 * jitter'],
  [RETRY, 'new Set([307, 308])', 'new Set([307])'],
  [MOVES, "to: 'deny'", "to: 'cancel'"],
  [MOVES, 'now >= expiresAt', 'now > expiresAt'],
  [MOVES, "status === 'pending' || status === 'settlement'", "status === 'pending'"],
  [MOVES, 'status !== MOVES[move].from', 'status === MOVES[move].to'],
  [MOVES, '[...transaction.history, {', '[{']
]

const copy = mkdtempSync(join(tmpdir(), 'warung-mutants-'))
try {
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  if (run(Object.values(TESTS)) !== 0) throw new Error('the tests fail without a mutant')

  const rows = MUTANTS.map(([file, sound, spoiled]) => {
    const verdict = tryMutant(file, sound, spoiled)
    if (verdict !== 'caught') process.exitCode = 1
    return [file, `\`${sound}\``, `\`${spoiled}\``, verdict]
  })
  printTable(['file', 'in place of', 'stands', ''], rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))))
} finally {
  rmSync(copy, { recursive: true })
}

function tryMutant (file: string, sound: string, spoiled: string): string {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(sound).length !== 2) throw new Error(`${file} does not hold ${sound} exactly once`)
  writeFileSync(path, text.replace(sound, () => spoiled))
  const code = run([TESTS[file] ?? ''])
  writeFileSync(path, text)
  return code === 0 ? 'survived' : code === TEST_FAILED ? 'caught' : `exit ${code}`
}

function run (tests: readonly string[]): number | null {
  return spawnSync(process.execPath, [join(copy, 'node_modules/tap/dist/esm/run.mjs'), '--disable-coverage', '--reporter=silent', ...tests], { cwd: copy, stdio: 'ignore' }).status
}
