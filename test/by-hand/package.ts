/**
 * Packs the package, installs it in empty folders and uses it there on each Node that it is for, as a stranger would:
 * `npx tsx test/by-hand/package.ts [version…]`. Those Nodes come from npm; all else is done offline. Ends with 1 where
 * something is not as it should be.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'

import { basic, chargeBody } from '../support/emulator.ts'
import { startReceiver } from '../support/receiver.ts'
import { step } from './steps.ts'

const ROOT = join(import.meta.dirname, '../..')
const VERSIONS = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24']
const KEY = 'SB-Mid-server-warung'
/** From here on Node has a compile cache that can be told where to be. */
const KEEPS_COMPILED = [22, 8]

const HOLDS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'docs/gateway.md', 'dist/main.js', 'dist/index.js', 'dist/fold-worker.js', 'dist/types/index.d.ts', 'dist/THIRD-PARTY-LICENSES.txt']
const HOLDS_NOT = /\.map$|\/\.cache\/|^(src|test|bench|build|fixtures|data|node_modules)\/|(?<!\.d)\.ts$/

/** Uses what the library is for, and is wrong once where it says so: types that say nothing would not notice. */
const CONSUMER = `
import { connect, SandboxError, start, UsageError } from 'warung'
import type { Sandbox, StartOptions, TransactionDocument } from 'warung'

const options: StartOptions = { seed: 'any', frozen: '2026-11-22 20:00:00' }
export async function settle (ref: string): Promise<'alfamart' | 'indomaret' | number> {
  const sandbox: Sandbox = await start(options)
  const world: Sandbox = connect({ url: sandbox.url, serverKey: sandbox.serverKey })
  try {
    const { transaction } = await world.pay(ref, { wait: 'attempted' })
    const paid: TransactionDocument = await sandbox.waitFor(transaction.order_id, { status: 'settlement' })
    // @ts-expect-error There is no such status.
    await sandbox.waitFor(ref, { status: 'paid' })
    return paid.store
  } catch (error) {
    if (error instanceof UsageError) throw error
    return error instanceof SandboxError ? error.status : 0
  } finally {
    await sandbox.close()
  }
}
`
const EXAMPLE = `
import { start } from 'warung'

const sandbox = await start({ seed: 'any', frozen: '2026-11-22 20:00:00', notificationUrl: process.argv[2] })
await fetch(sandbox.url + '/v2/charge', {
  method: 'POST',
  headers: { authorization: 'Basic ' + btoa(sandbox.serverKey + ':') },
  body: JSON.stringify(${JSON.stringify(chargeBody())})
})
await sandbox.pay('order-101', { wait: 'attempted' })
const { transaction_status, settlement_time } = await sandbox.waitFor('order-101', { status: 'settlement', delivered: true })
const { to } = await sandbox.advance('24h')
await sandbox.close()
console.log(JSON.stringify({ transaction_status, settlement_time, to }))
`
const REQUIRED = "require('warung').start().then(async (sandbox) => { await sandbox.close(); console.log('closed') })"

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const root = mkdtempSync(join(tmpdir(), 'warung-package-'))
const receiver = await startReceiver()
try {
  const tarball = await pack()
  for (const version of VERSIONS) await tryOn(version, tarball)
} finally {
  await receiver.close()
  rmSync(root, { recursive: true })
}
console.log(process.exitCode === undefined ? 'all as it should be' : 'NOT ALL AS IT SHOULD BE')

async function pack (): Promise<string> {
  const packed = await run('npm', ['pack', '--foreground-scripts', '--pack-destination', root], ROOT)
  if (packed.code !== 0) throw new Error(packed.err)
  const name = readdirSync(root).find((each) => each.endsWith('.tgz')) ?? ''
  const tarball = join(root, name)
  const { out: list } = await run('tar', ['-tzf', tarball], root)
  const files = list.trim().split('\n').map((path) => path.replace('package/', ''))
  step('npm pack', `${name}, ${kilobytes(statSync(tarball).size)}, ${files.length} files`, true)

  const missing = HOLDS.filter((path) => !files.includes(path))
  const needless = files.filter((path) => HOLDS_NOT.test(path))
  step('it holds what is needed, and no more', [...missing.map((path) => `no ${path}`), ...needless].join(', ') || 'yes', missing.length + needless.length === 0)

  const linted = await run('npx', ['--no-install', 'publint', 'run', '--strict', tarball], ROOT)
  step('publint', linted.out.trim().split('\n').at(-1), linted.code === 0)

  const folder = emptyFolder('types')
  await run('npm', ['install', '--offline', tarball], folder)
  writeFileSync(join(folder, 'consumer.mts'), CONSUMER)
  for (const [module, moduleResolution] of [['nodenext', 'nodenext'], ['preserve', 'bundler']]) {
    const compilerOptions = { module, moduleResolution, target: 'es2023', lib: ['es2023'], types: [], strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.mts'] }))
    const checked = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], folder)
    step(`types, as ${moduleResolution} resolves them, with no other types there`, checked.out || 'right', checked.code === 0)
  }
  return tarball
}

async function tryOn (version: string, tarball: string): Promise<void> {
  const tools = emptyFolder(`node-${version}`)
  const brought = await run('npm', ['install', '--ignore-scripts=false', `node@${version}`], tools)
  const bin = join(tools, 'node_modules/node/bin')
  const node = (await run('node', ['--version'], tools, bin)).out.trim()
  console.log(`\nNode ${node}`)
  if (!node.startsWith(`v${version}`)) return step(`node@${version} comes from npm`, brought.err, false)

  const folder = emptyFolder(`app-${version}`)
  const installed = await run('npm', ['install', '--offline', tarball], folder, bin)
  const packages = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
  step('npm install in an empty folder, offline', `${packages.join(', ')}: ${kilobytes(sizeOf(join(folder, 'node_modules')))}`, installed.code === 0 && packages.join() === 'warung')

  await payByNpx(folder, bin)
  await startAgain(folder, bin)

  const before = receiver.requests.length
  writeFileSync(join(folder, 'example.mjs'), EXAMPLE)
  const example = await run('node', ['example.mjs', receiver.url], folder, bin)
  step('the library, imported', example.out.trim() || example.err, example.code === 0 && receiver.requests.length === before + 2 &&
    example.out === '{"transaction_status":"settlement","settlement_time":"2026-11-22 20:00:00","to":"2026-11-23T13:00:00.000Z"}\n')
  const required = await run('node', ['-e', REQUIRED], folder, bin)
  step('the library, required', required.out.trim() || required.err, required.code === 0 && required.out === 'closed\n')
}

/** From nothing to a payment, by `npx warung` and what it says; stopped as by Ctrl+C, which every process of a terminal hears. */
async function payByNpx (folder: string, bin: string): Promise<void> {
  const before = receiver.requests.length
  const begun = performance.now()
  const warung = start('npx', ['--no-install', 'warung', '--port', '0', '--notification-url', receiver.url], folder, bin)
  const url = await warung.url
  step('npx warung is ready', `${url} after ${Math.round(performance.now() - begun)} ms`, true)
  const [, merchant = ''] = warung.said().split('\n')
  step('it says where its data is', merchant, merchant.endsWith(`, data ${join(folder, 'data/warung.json')}`))

  const ready = await run('npx', ['--no-install', 'warung', 'ready', '--url', url], folder, bin)
  step('npx warung ready', ready.out.trim() || ready.err, ready.code === 0 && ready.out === 'ready\n')
  const charged = await ask(url, 'POST', '/v2/charge', chargeBody())
  step('charge', charged.payment_code, charged.status_code === '201')
  const paid = await run('npx', ['--no-install', 'warung', 'pay', 'order-101', '--url', url], folder, bin)
  step('npx warung pay order-101', paid.out.split('\n')[0], paid.code === 0 && paid.out.startsWith('order-101  settlement  44000.00'))
  const status = await ask(url, 'GET', '/v2/order-101/status')
  step('status', status.transaction_status, status.transaction_status === 'settlement')
  const told = await run('npx', ['--no-install', 'warung', 'wait', 'order-101', '--delivered', '--url', url], folder, bin)
  step('npx warung wait order-101 --delivered', told.err || 'so it is', told.code === 0)
  const events = receiver.requests.slice(before).map(({ body }) => (JSON.parse(body) as Record<string, unknown>).transaction_status)
  step('notifications', events.join(', '), events.join() === 'pending,settlement')

  warung.kill('SIGINT')
  await warung.ended
  step('Ctrl+C leaves', readdirSync(join(folder, 'data')).join(', '), readdirSync(join(folder, 'data')).join() === 'warung.json')
}

/** The program itself, on the data of the run before, and where nothing can be kept beside the bundle. */
async function startAgain (folder: string, bin: string): Promise<void> {
  const compiled = join(folder, 'node_modules/warung/dist/.cache')
  const [major = 0, minor = 0] = (await run('node', ['--print', 'process.versions.node'], folder, bin)).out.split('.').map(Number)
  const [keepsMajor = 0, keepsMinor = 0] = KEEPS_COMPILED
  const keeps = major > keepsMajor || (major === keepsMajor && minor >= keepsMinor)
  step('what was compiled is kept beside the bundle', existsSync(compiled) ? kilobytes(sizeOf(compiled)) : 'no', existsSync(compiled) === keeps)
  rmSync(compiled, { recursive: true, force: true })
  writeFileSync(compiled, 'no folder')

  const warung = start('node_modules/.bin/warung', ['--port', '0'], folder, bin)
  const status = await ask(await warung.url, 'GET', '/v2/order-101/status')
  step('a second start, where nothing compiled can be kept, knows the payment', status.transaction_status, status.transaction_status === 'settlement')
  warung.kill('SIGTERM')
  const { code, err } = await warung.ended
  step('SIGTERM', `exit ${code}`, code === 0 && !err.includes('"level":40'))
}

async function ask (url: string, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(url + path, { method, headers: { authorization: basic(KEY) }, ...body === undefined ? {} : { body: JSON.stringify(body) } })
  return await response.json() as Record<string, unknown>
}

function start (file: string, args: readonly string[], folder: string, bin: string) {
  const child = spawn(file, args, { cwd: folder, env: environment(bin), stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let out = ''
  const err = text(child.stderr)
  const ended = once(child, 'close').then(async ([code]): Promise<Ended> => ({ code: code as number | null, out, err: await err }))
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      // The line after it says where the data is.
      const ready = /^warung ready on (http:\/\/\S+)\n.*\n/m.exec(out)?.[1]
      if (ready !== undefined) resolve(ready)
    })
    ended.then(({ err }) => reject(new Error(`ended before it was ready: ${err}`)), reject)
  })
  // Whatever fails meanwhile: nothing is left running.
  process.once('exit', () => { if (child.exitCode === null && child.signalCode === null) kill('SIGKILL') })
  const kill = (signal: NodeJS.Signals): void => { process.kill(-(child.pid ?? 0), signal) }
  return { url, ended, kill, said: () => out }
}

async function run (file: string, args: readonly string[], folder: string, bin?: string): Promise<Ended> {
  const child = spawn(file, args, { cwd: folder, env: environment(bin), stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number | null, out, err }
}

/** Without what npx and tsx put there for their own children. */
function environment (bin?: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE_|WARUNG_)/.test(name))
  const path = process.env.PATH ?? ''
  return { ...Object.fromEntries(own), PATH: bin === undefined ? path : bin + delimiter + path }
}

function emptyFolder (name: string): string {
  const folder = join(root, name)
  mkdirSync(folder)
  return folder
}

function sizeOf (path: string): number {
  return statSync(path).isFile() ? statSync(path).size : readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

function kilobytes (bytes: number): string {
  return `${Math.round(bytes / 1_000)} kB`
}
