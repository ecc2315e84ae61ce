import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'

import { test } from 'tap'

import { freshKey } from '../../src/random.ts'
import { issueServer, makeAuthority, vouchesFor } from '../../src/tls/authority.ts'
import { openCredentials, readCredentials } from '../../src/tls/credentials.ts'
import type { Credentials } from '../../src/tls/credentials.ts'
import { createTwin } from '../../src/tls/twin.ts'

const NAMES = ['api.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1', 'warung']
const NOW = Date.now()
const DAY_MS = 86_400_000
const FILES = ['ca-key.pem', 'ca.pem', 'server-key.pem', 'server.pem']

function open (folder: string | null, names: readonly string[] = NAMES, now = NOW): Promise<Credentials> {
  return openCredentials({ now, newKey: freshKey }, names, folder)
}

const contents = (folder: string): unknown => Object.fromEntries(FILES.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))

interface Teardown {
  teardown (end: () => Promise<void>): void
}

/** A server that says hello, and its port. */
async function serve (t: Teardown, credentials: Pick<Credentials, 'cert' | 'key'>): Promise<number> {
  const twin = createTwin(credentials, (socket) => socket.end('hello'))
  t.teardown(twin.close)
  return twin.listen('127.0.0.1', 0)
}

/** What a client that trusts only `ca` makes of it: what it read, or why it would not. */
async function ask (port: number, ca: string | undefined, servername: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername, ...ca === undefined ? {} : { ca } })
  let text = ''
  socket.setEncoding('utf8').on('data', (piece: string) => { text += piece })
  try {
    await Promise.race([once(socket, 'close'), once(socket, 'error').then(([error]) => { throw error })])
    return text
  } catch (error) {
    const { code = 'UNSPECIFIED', message } = error as NodeJS.ErrnoException
    return code === 'UNSPECIFIED' ? message : code
  } finally {
    socket.destroy()
  }
}

test('no two authorities have the same name, not even those of one moment', async (t) => {
  const [one, other] = await Promise.all([open(null), open(null)])
  const subjects = [one, other].map(({ authority }) => new X509Certificate(authority?.cert ?? '').subject)
  for (const subject of subjects) t.match(subject, /^O=Warung\nCN=Warung local CA \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [0-9a-f]{8}$/)
  t.not(subjects[0], subjects[1])
})

test('a first start makes an authority and a certificate, which later starts use again', async (t) => {
  const folder = join(t.testdir(), 'new', 'tls')
  const first = await open(folder)
  t.same(readdirSync(folder).sort(), FILES)
  t.same(FILES.map((name) => statSync(join(folder, name)).mode & 0o777), [0o600, 0o644, 0o600, 0o644])
  t.match(first.authority, { path: join(folder, 'ca.pem'), isNewBecause: null, fingerprint: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/ })

  const before = contents(folder)
  for (const days of [0, 30, 59]) t.same(await open(folder, NAMES, NOW + days * DAY_MS), first)
  t.same(contents(folder), before)
})

test('the certificate is for the names alone, and the authority may vouch for no others, for two years', async (t) => {
  const { cert, authority } = await open(null)
  const [server, ca] = [new X509Certificate(cert), new X509Certificate(authority?.cert ?? '')]
  t.equal(server.subjectAltName, 'DNS:api.sandbox.midtrans.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:warung')
  t.ok(server.checkIssued(ca) && server.verify(ca.publicKey))
  t.notOk(server.ca)
  t.ok(ca.ca)
  t.equal(Math.round((Date.parse(ca.validTo) - NOW) / DAY_MS), 730)
  t.equal(authority?.path, null)
  t.ok(vouchesFor(authority?.cert ?? '', NAMES))
  for (const others of [NAMES.slice(1), [...NAMES, 'shop.test'], []]) t.notOk(vouchesFor(authority?.cert ?? '', others))
})

test('near its end the certificate is made anew, by the same authority', async (t) => {
  const folder = t.testdir()
  const first = await open(folder)
  const later = await open(folder, NAMES, NOW + 61 * DAY_MS)
  t.same(later.authority, first.authority)
  t.not(later.cert, first.cert)
  t.same(await open(folder, NAMES, NOW + 61 * DAY_MS), later)
})

const changes: Array<[what: string, change: (folder: string) => void, names: readonly string[], days: number, reason: RegExp]> = [
  ['one more name', () => {}, [...NAMES, 'shop.test'], 0, /^the names were changed$/],
  ['one name less', () => {}, NAMES.slice(0, -1), 0, /^the names were changed$/],
  ['two years', () => {}, NAMES, 701, /^it was near its end$/],
  ['its key lost', (folder) => rmSync(join(folder, 'ca-key.pem')), NAMES, 0, /./],
  ['the key of another', (folder) => writeFileSync(join(folder, 'ca-key.pem'), readFileSync(join(folder, 'server-key.pem'))), NAMES, 0, /^the key does not belong to ca\.pem$/],
  ['no certificate in its file', (folder) => writeFileSync(join(folder, 'ca.pem'), 'x'), NAMES, 0, /./]
]

for (const [what, change, names, days, reason] of changes) {
  test(`after ${what} there is another authority, and why is told`, async (t) => {
    const folder = t.testdir()
    const first = await open(folder)
    change(folder)
    const second = await open(folder, names, NOW + days * DAY_MS)
    t.match(second.authority?.isNewBecause, reason)
    t.not(second.authority?.fingerprint, first.authority?.fingerprint)
    t.equal(await ask(await serve(t, second), second.authority?.cert, 'localhost'), days === 0 ? 'hello' : 'CERT_NOT_YET_VALID')
    const third = await open(folder, names, NOW + days * DAY_MS)
    t.same(third, { ...second, authority: { ...second.authority, isNewBecause: null } })
  })
}

for (const [what, change] of [
  ['lost', (folder) => rmSync(join(folder, 'server.pem'))],
  ['without its key', (folder) => rmSync(join(folder, 'server-key.pem'))],
  ['none at all', (folder) => writeFileSync(join(folder, 'server.pem'), 'x')],
  ['that of the authority', (folder) => writeFileSync(join(folder, 'server.pem'), readFileSync(join(folder, 'ca.pem')))]
] as Array<[string, (folder: string) => void]>) {
  test(`a server's certificate that is ${what} is made anew by the same authority`, async (t) => {
    const folder = t.testdir()
    const first = await open(folder)
    change(folder)
    const second = await open(folder)
    t.same(second.authority, first.authority)
    t.equal(await ask(await serve(t, second), first.authority?.cert, 'localhost'), 'hello')
  })
}

test('who trusts the authority is served by each name, who does not is not', async (t) => {
  const { authority, ...pair } = await open(null)
  const port = await serve(t, pair)
  for (const name of ['api.sandbox.midtrans.com', 'localhost', 'warung']) t.equal(await ask(port, authority?.cert, name), 'hello')
  t.equal(await ask(port, authority?.cert, 'example.com'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  t.equal(await ask(port, undefined, 'localhost'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  t.equal(await ask(port, (await open(null)).authority?.cert, 'localhost'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

test('a certificate for another name by the same authority is trusted by nobody', async (t) => {
  const authority = await makeAuthority(NAMES, NOW, freshKey)
  for (const name of ['example.com', 'midtrans.com', 'api.midtrans.com', '10.0.0.1']) {
    const forged = await issueServer(authority, [name], NOW, freshKey)
    t.equal(await ask(await serve(t, forged), authority.cert, name === '10.0.0.1' ? 'localhost' : name), 'permitted subtree violation', name)
  }
})

test('a certificate that is given is used as it is; one that does not fit its key is refused', async (t) => {
  const folder = t.testdir()
  const { cert, key } = await open(folder)
  const path = (name: string): string => join(folder, name)
  t.same(await readCredentials(path('server.pem'), path('server-key.pem')), { cert, key, names: ['api.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1', 'warung'], authority: null })
  await t.rejects(readCredentials(path('server.pem'), path('ca-key.pem')), { message: `the key does not belong to ${path('server.pem')}` })
  await t.rejects(readCredentials(path('none.pem'), path('server-key.pem')), { code: 'ENOENT' })
  await t.rejects(readCredentials(path('ca-key.pem'), path('server-key.pem')))
})

test('a folder that takes nothing is an error, and leaves nothing behind', async (t) => {
  const folder = t.testdir({ file: 'text' })
  await t.rejects(open(join(folder, 'file', 'tls')), { code: /ENOTDIR|EEXIST/ })
  t.same(readdirSync(folder), ['file'])
})

test('a twin that closes waits for no client that is silent, before its handshake or after', async (t) => {
  const taken: Array<() => void> = []
  const twin = createTwin(await open(null), (socket) => { taken.push(() => socket.destroy()) })
  const port = await twin.listen('127.0.0.1', 0)
  const silent = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(silent, 'secureConnect')
  const { connect: connectPlain } = await import('node:net')
  const plain = connectPlain(port, '127.0.0.1')
  await once(plain, 'connect')
  const closed = Promise.all([once(silent, 'close'), once(plain, 'close')])
  silent.on('error', () => {})
  plain.on('error', () => {})
  await twin.close()
  await closed
  t.equal(taken.length, 1)
})
