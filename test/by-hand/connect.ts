/**
 * Clients of every language reach the emulator under the gateway's own name, over TLS, and none without its trust line:
 * `npx tsx test/by-hand/connect.ts`. The clients are the recipes of docs/connect/, the lines those of `warung ca --trust`.
 * Debian, for whoever may use user namespaces, with the packages that .ci/run installs.
 */
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'

import { freshKey } from '../../src/random.ts'
import { issueServer } from '../../src/tls/authority.ts'
import { ALONE, GATEWAY, OFFICIAL, openGateway, PRODUCTION } from './gateway-name.ts'
import type { Gateway, Run } from './gateway-name.ts'
import { PYTHON, RECIPES } from './recipes.ts'
import { ranUnder, step } from './steps.ts'

const BY_HAND = import.meta.dirname
const EXAMPLES = join(BY_HAND, '../../examples/connect')
/** What update-ca-certificates and its hooks write to. */
const SYSTEM = ['/etc/ssl/certs', '/usr/local/share/ca-certificates', '/var/lib/dpkg', '/var/lib/ca-certificates-java']
const OTHER_URL = { MIDTRANS_URL: 'http://127.0.0.1:6262' }

if (!ranUnder(ALONE, import.meta.filename)) {
  const gateway = await openGateway()
  const forgery = await openForgery(gateway)
  try {
    step('another machine', await reachOutside(), true)
    layLaravel(gateway)
    await tryRecipes(gateway, forgery)
    await tryOthers(gateway)
    await trySystem(gateway)
  } finally {
    forgery.close()
    await gateway.close()
  }
}

async function tryRecipes (gateway: Gateway, forgery: Forgery): Promise<void> {
  for (const { name, tool, version, folder, test, passed, stranger, forgery: refused } of RECIPES) {
    const cwd = cwdOf(gateway, folder)
    await accept(gateway, name, version, { cwd }, /^.*\d.*$/m)
    await refuse(gateway, `${name} without trust`, test, { cwd }, stranger)
    await accept(gateway, `${name} with trust`, test, { cwd, trusting: tool }, passed)
    await refuse(gateway, `${name} that trusts no more`, test, { cwd, trusting: tool, nevertheless: true }, stranger)
    await accept(gateway, `${name} by another URL`, test, { cwd, env: OTHER_URL }, passed)

    const misled = { cwd, trusting: tool, env: { MIDTRANS_URL: `https://${PRODUCTION}:${forgery.port}` } }
    const before = forgery.requests()
    if (refused !== null) await refuse(gateway, `${name} with trust, at a forged ${PRODUCTION}`, test, misled, refused)
    // docs/connect/java.md warns of it. Should this fail one day, it need not warn any more.
    else await refuse(gateway, `${name} with trust, at a forged ${PRODUCTION}: KNOWN to take its certificate`, test, misled, /expected pending, not /)
    step(`${name}: requests that reached the forgery`, forgery.requests() - before, (forgery.requests() > before) === (refused === null))
  }
}

/** What some languages have besides, and the official client that CI can have. */
async function tryOthers (gateway: Gateway): Promise<void> {
  const status = `https://SB-Mid-server-warung:@${GATEWAY}/v2/none/status`
  const stream = `php -r '($reply = file_get_contents("${status}")) || exit(1); echo json_decode($reply)->status_code;'`
  await refuse(gateway, 'PHP by a stream, without trust', stream, {}, /certificate verify failed/)
  await accept(gateway, 'PHP by a stream, with trust', stream, { trusting: 'php' }, /^404$/m)

  const requests = `${PYTHON} -c 'import requests; print(requests.get("${status}").json()["status_code"])'`
  await refuse(gateway, 'Python by requests, without trust', requests, {}, /CERTIFICATE_VERIFY_FAILED/)
  await accept(gateway, 'Python by requests, with trust', requests, { trusting: 'python' }, /^404$/m)

  const cwd = join(EXAMPLES, 'node')
  await refuse(gateway, 'the official client for Node, without trust', 'node official.js', { cwd }, /unable to verify the first certificate/)
  await accept(gateway, 'the official client for Node, with trust', 'node official.js', { cwd, trusting: 'node' }, OFFICIAL)

  await accept(gateway, 'the recipes for CI are YAML', 'ruby -ryaml -e \'puts ARGV.map { |file| YAML.load_file(file)&.keys&.join(" ") }\' *.yml', { cwd: join(EXAMPLES, '../ci') }, /^name true jobs\npayments$/m)
}

/** What asks the system: here in copies of the system's files, which nobody else sees. */
async function trySystem (gateway: Gateway): Promise<void> {
  const copy = (path: string): string => `mkdir -p ".${path}" && cp -a "${path}/." ".${path}" && mount --bind ".${path}" "${path}"`
  await accept(gateway, 'copies of the system\'s files', `${SYSTEM.map(copy).join('\n')}\necho made`, {}, /^made$/m)

  await accept(gateway, 'the system trusts', 'true', { trusting: 'system' }, /\badded, 0 removed\b/)
  for (const { name, folder, test, passed, stranger } of RECIPES) {
    const cwd = cwdOf(gateway, folder)
    if (name === 'Node') await refuse(gateway, `${name}, which does not ask the system`, test, { cwd }, stranger)
    else await accept(gateway, `${name} with the system's trust`, test, { cwd }, passed)
  }
  await accept(gateway, 'the system trusts no more', 'true', { trusting: 'system', nevertheless: true }, /\badded, 0 removed\b/)
  for (const { name, folder, test, stranger } of RECIPES) await refuse(gateway, `${name} with the system's trust no more`, test, { cwd: cwdOf(gateway, folder) }, stranger)
}

async function accept (gateway: Gateway, what: string, script: string, how: Run, wanted: RegExp): Promise<void> {
  const { code, said } = await gateway.run(script, how)
  const seen = wanted.exec(said)?.[0]
  step(what, code === 0 && seen !== undefined ? seen.trim() : `exit ${code}, ${said}`, code === 0 && seen !== undefined)
}

/** It ends badly, for this reason, and nothing of it reached the emulator. */
async function refuse (gateway: Gateway, what: string, script: string, how: Run, wanted: RegExp): Promise<void> {
  const before = await gateway.lastRequest()
  const { code, said } = await gateway.run(script, how)
  const reason = wanted.exec(said)?.[0]
  const isRight = code !== 0 && reason !== undefined && await gateway.lastRequest() === before
  step(what, `exit ${code}, ${isRight ? reason : said}`, isRight)
}

function cwdOf ({ folder }: Gateway, example: string): string {
  return example === 'laravel' ? join(folder, example) : join(EXAMPLES, example)
}

/** The recipe laid into the least of an application. */
function layLaravel (gateway: Gateway): void {
  const app = cwdOf(gateway, 'laravel')
  for (const part of [join(BY_HAND, 'laravel'), join(EXAMPLES, 'laravel')]) cpSync(part, app, { recursive: true })
  for (const part of ['bootstrap/cache', 'storage']) mkdirSync(join(app, part))
}

interface Forgery {
  readonly port: number
  requests (): number
  close (): void
}

/** Another's name with a certificate by our authority, as its key in wrong hands could make one. */
async function openForgery ({ certificates }: Gateway): Promise<Forgery> {
  const authority = { cert: readFileSync(join(certificates, 'ca.pem'), 'utf8'), key: readFileSync(join(certificates, 'ca-key.pem'), 'utf8') }
  let requests = 0
  const server = createServer(await issueServer(authority, [PRODUCTION], Date.now(), freshKey), (_request, response) => {
    requests += 1
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, requests: () => requests, close: () => server.close() }
}

function reachOutside (): Promise<string> {
  return new Promise((resolve, reject) => {
    connect(443, '192.0.2.1')
      .on('error', ({ message }) => resolve(message))
      .on('connect', () => reject(new Error('this network reaches others')))
  })
}
