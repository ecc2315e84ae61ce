import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

import { startOn } from '../support/data-process.ts'
import { TRUST } from '../../src/cli/trust.ts'
import type { Tool } from '../../src/cli/trust.ts'

export const GATEWAY = 'api.sandbox.midtrans.com'
/** The gateway of real money: nobody may vouch for it here. */
export const PRODUCTION = 'api.midtrans.com'
/** What examples/connect/…/official.… print, in the midst of what the clients may log, once the gateway has answered all five calls. */
export const OFFICIAL = new RegExp([
  '^charge: (\\S+) is pending, 201$', '^status: \\1 is pending, 201$', '^cancel: (?:\\1 is cancel, )?200$', '^charge: (\\S+) is pending, 201$', '^expire: \\2 is expire, 407$'
].join('[^]*?'), 'm')
/** A network, a file of host names and a folder of trusted authorities that no other process sees. */
export const ALONE = ['-r', '-m', '-n']

export interface Outcome {
  readonly code: number | null
  /** All that it printed. */
  readonly said: string
}

export interface Run {
  /** Whose trust line goes before it. */
  readonly trusting?: Tool
  /** And is taken back again. */
  readonly nevertheless?: boolean
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Gateway {
  /** The home of whoever is asked to trust it, and what is built. */
  readonly folder: string
  /** Its `--tls-dir`. */
  readonly certificates: string
  /** Runs lines of a POSIX shell as a developer would type them. */
  run (script: string, how?: Run): Promise<Outcome>
  /** The id of the last request of the gateway, whoever sent it. */
  lastRequest (): Promise<unknown>
  close (): Promise<void>
}

/** The built emulator under the gateway's own name, over TLS, with an authority of its own. */
export async function openGateway (): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'warung-connect-'))
  // Names of folders may hold spaces and worse.
  const certificates = join(folder, 'it\'s here')
  const home = join(folder, 'a home')
  mkdirSync(home)
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost ${GATEWAY} ${PRODUCTION}\n`)
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  execFileSync('mount', ['--bind', join(folder, 'hosts'), '/etc/hosts'])

  const ends: Array<() => void> = []
  const emulator = await startOn({ teardown: (end) => { ends.push(end) } }, ':memory:', { flags: ['--port', '6262', '--tls-port', '443', '--tls-dir', certificates] })

  return {
    folder,
    certificates,
    run: (script, { trusting, nevertheless = false, cwd = folder, env = {} } = {}) => {
      const lines = trusting === undefined ? [] : [TRUST[trusting].trust(join(certificates, 'ca.pem')), ...nevertheless ? [TRUST[trusting].untrust] : []]
      return runShell(['set -e', ...lines, script].join('\n'), cwd, {
        PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`, HOME: home, TMPDIR: folder, GOCACHE: join(folder, 'go'), GOPATH: join(folder, 'gopath'), GOPROXY: 'off', ...env
      })
    },
    lastRequest: async () => {
      const { items } = (await emulator.ask('GET', '/admin/requests?limit=1')).body as { items: ReadonlyArray<{ id: string }> }
      return items[0]?.id
    },
    close: async () => {
      const { code, err } = await emulator.stop()
      for (const end of ends) end()
      rmSync(folder, { recursive: true })
      if (code !== 0 || err !== '') throw new Error(`the emulator ended with ${code}: ${err}`)
    }
  }
}

async function runShell (script: string, cwd: string, env: Readonly<Record<string, string>>): Promise<Outcome> {
  const child = spawn('sh', ['-c', `exec 2>&1\n${script}`], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const said = await text(child.stdout)
  return { code: await ended, said }
}
