import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

import { lockFile } from '../../src/storage/lock.ts'
import type { Lock } from '../../src/storage/lock.ts'

/** A process of its own that takes locks, for it can be killed. */
export interface Contender {
  /** `locked`, or why not. */
  lock (path: string): Promise<string>
  release (): Promise<void>
  /** By SIGKILL: it has no time to put anything away. */
  kill (): Promise<void>
}

export async function startContender (t: { teardown (end: () => Promise<void>): void }): Promise<Contender> {
  const child = fork(import.meta.filename, { execArgv: ['--import', 'tsx'], env: { PATH: process.env.PATH ?? '' } })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  t.teardown(kill)
  await answerOf(child)
  return {
    lock: (path) => ask(child, path),
    release: async () => { await ask(child, null) },
    kill
  }
}

function ask (child: ChildProcess, path: string | null): Promise<string> {
  const answer = answerOf(child)
  child.send({ path })
  return answer
}

async function answerOf (child: ChildProcess): Promise<string> {
  const [answer] = await once(child, 'message')
  return String(answer)
}

/** The other side: asked for a path it locks it, for null it releases. */
function serve (send: (message: string) => void): void {
  let lock: Lock | undefined
  process.on('message', ({ path }: { path: string | null }) => {
    const done = path === null
      ? lock?.release().then(() => 'released')
      : lockFile(path, send).then((taken) => {
        lock = taken
        return 'locked'
      })
    done?.then(send, (error: unknown) => send(String(error)))
  })
  send('here')
}

if (process.argv[1] === import.meta.filename) serve((message) => process.send?.(message))
