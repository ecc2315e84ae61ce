import { spawnSync } from 'node:child_process'

/** Prints each step with what was seen, and makes the process end with 1 where that is not what it should be. */
export function step (what: string, seen: unknown, isRight: boolean): void {
  if (!isRight) process.exitCode = 1
  console.log(`${isRight ? 'ok    ' : 'NOT OK'}  ${what}: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`)
}

/** Runs this very script once more in namespaces of its own and answers true; false where this is that run. */
export function ranUnder (unshare: readonly string[], script: string): boolean {
  if (process.argv[2] === 'inside') return false
  process.exitCode = spawnSync('unshare', [...unshare, process.execPath, ...process.execArgv, script, 'inside'], { stdio: 'inherit' }).status ?? 1
  return true
}
